"""Evaluation: accuracy, calibration, rejection, robustness, and how a prediction comes about."""
