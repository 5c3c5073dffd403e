"""How the process is run: logs, metrics, health, the worker."""
