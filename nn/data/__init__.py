"""Data sets: fetched, parsed, split, and drawings that are no digit."""
