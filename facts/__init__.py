"""A fact about any whole number."""
