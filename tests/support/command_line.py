"""`python -m nn` in this process."""

from nn.cli.main import main


def run(*arguments):
    """Its exit status, also where argparse refuses the options by ending the process."""
    try:
        return main([str(argument) for argument in arguments])
    except SystemExit as stop:
        if not isinstance(stop.code, int):  # not argparse: a test ends the process itself
            raise
        return stop.code
