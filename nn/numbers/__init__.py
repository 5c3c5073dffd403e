"""Whole numbers: a drawing is divided into candidates for digits, and the likeliest row of them read.

The digits are read by the same network as a single one; there is no second network.
"""
