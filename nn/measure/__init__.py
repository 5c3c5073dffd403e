"""Measuring: how often a network is right, how sure, what it rejects, what it looks at."""
