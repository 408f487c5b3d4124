"""Telling whoever waits how far a long work is: on standard error, at once.

At a terminal a live line (`show`) is written over by the next one, and by what is said meanwhile.
"""

import sys

OVER = "\r\x1b[K"  # the line that stands there


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def on_terminal() -> bool:
    return sys.stderr.isatty()


def show(line: str) -> None:
    """Write a live line: in place of the last one, or in a file as one more."""
    if on_terminal():
        print(f"{OVER}{line}", end="", file=sys.stderr, flush=True)
    else:
        say(line)


def tell(line: str) -> None:
    """Say something in the place of the live line, which goes on below it."""
    say(f"{OVER}{line}" if on_terminal() else line)
