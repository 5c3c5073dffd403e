"""Ink: drawings become what a network takes, 28x28 pixels."""
