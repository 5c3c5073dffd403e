"""Hyperparameters: recipes with other settings, and the search for better ones with Optuna."""
