"""Telling whoever waits how far a long work is: on standard error, at once."""

import sys


def say(line: str, end: str = "\n") -> None:
    print(line, end=end, file=sys.stderr, flush=True)
