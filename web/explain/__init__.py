"""Options of a prediction, and what `include=` adds to it."""
