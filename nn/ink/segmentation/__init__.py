"""A drawing in pieces, of which neighbours may be a digit: strokes, or parts of a picture."""
