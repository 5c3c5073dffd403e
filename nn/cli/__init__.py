"""The commands of `python -m nn`."""
