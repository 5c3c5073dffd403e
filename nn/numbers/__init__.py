"""Whole numbers: a drawing is cut into candidates for digits, and the best path through them read.

From strokes or from a picture alone; the digits are read by the same network as a single one.
"""
