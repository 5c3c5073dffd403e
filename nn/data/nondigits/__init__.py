"""Non-digits made of strokes: pieces of digits and of whole numbers, and invented characters."""
