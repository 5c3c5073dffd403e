"""Styles of writing digits: strokes are rewritten in them, and classified."""
