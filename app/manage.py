#!/usr/bin/env python
"""Django's command line for Hubbub; `python app/manage.py help` lists what it can do.

SIGTERM ends a command as an error would, so that it cleans up. A container's first process would
not end by it at all: the kernel spares that one what it has no handler for. Servers have their own.
"""

import os
import signal
import sys
from types import FrameType
from typing import NoReturn


def main() -> None:
    signal.signal(signal.SIGTERM, end)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hubbub.settings")
    if len(sys.argv) > 1 and sys.argv[1] == "runserver":
        os.environ.setdefault("DEBUG", "1")
    try:
        from django.core.management import execute_from_command_line
        from django.db import OperationalError, connection
    except ImportError:
        sys.exit("Django is not installed here: run `make setup`, or activate the environment.")
    try:
        execute_from_command_line(sys.argv)
    except OperationalError as error:
        if connection.connection is not None:
            raise
        sys.exit(f"The database cannot be reached: {error}")


def end(number: int, frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)  # as a shell says it


if __name__ == "__main__":
    main()
