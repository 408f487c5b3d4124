"""Telling whoever waits how far a long work is: on standard error, at once."""

import sys


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
