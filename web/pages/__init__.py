"""The pages and the static files."""
