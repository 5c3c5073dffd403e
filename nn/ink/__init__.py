"""Drawings: preprocessing to 28x28 pixels, strokes and their rendering, styles of writing."""
