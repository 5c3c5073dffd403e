"""What app.py puts together: routes, what they answer with, and how the process is run."""
