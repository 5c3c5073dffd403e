"""Whole numbers: a drawing is divided into candidates for digits, the likeliest row is read.

The digits are read by the same network as a single one; there is no second network.
"""
