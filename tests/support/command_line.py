"""`python -m nn` in this process."""

from nn.cli.main import main


def run(*arguments):
    """Its exit status; options that argparse refuses raise SystemExit."""
    return main([str(argument) for argument in arguments])
