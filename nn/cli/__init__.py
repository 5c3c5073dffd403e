"""The commands of `python -m nn`, one module for each."""
