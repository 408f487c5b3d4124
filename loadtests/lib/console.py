"""Progress messages of long-running commands, on standard error.

On a terminal, a status line (`update_status`) is overwritten by the next status line, and by
messages (`log_above_status`).
"""

import sys

CLEAR_LINE = "\r\x1b[K"


def log(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def is_terminal() -> bool:
    return sys.stderr.isatty()


def update_status(line: str) -> None:
    """Write a status line. On a terminal it replaces the last one; in a file it is a new line."""
    if is_terminal():
        print(f"{CLEAR_LINE}{line}", end="", file=sys.stderr, flush=True)
    else:
        log(line)


def log_above_status(line: str) -> None:
    """Write a message in place of the status line, and the status line again below it."""
    log(f"{CLEAR_LINE}{line}" if is_terminal() else line)
