"""Data sets: download, file formats, splits, and drawings that are no digit."""
