"""Telling whoever waits how far a long work is: on standard error, at once.

At a terminal a live line (`show`) is written over by the next one, and by what is said meanwhile.
"""

import sys

OVER = "\r\x1b[K"  # the line that stands there


def log(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def is_terminal() -> bool:
    return sys.stderr.isatty()


def update_status(line: str) -> None:
    """Write a live line: in place of the last one, or in a file as one more."""
    if is_terminal():
        print(f"{OVER}{line}", end="", file=sys.stderr, flush=True)
    else:
        log(line)


def log_above_status(line: str) -> None:
    """Say something in the place of the live line, which goes on below it."""
    log(f"{OVER}{line}" if is_terminal() else line)
