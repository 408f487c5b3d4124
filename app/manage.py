#!/usr/bin/env python
"""Django's command line for Hubbub. `python app/manage.py help` lists the commands.

SIGTERM ends a command with an exception, so that it cleans up. Without a handler, the first process
of a container would ignore SIGTERM, since the kernel does not apply default actions to it. Servers
install handlers of their own.
"""

import os
import signal
import sys
from types import FrameType
from typing import NoReturn


def main() -> None:
    signal.signal(signal.SIGTERM, exit_on_signal)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hubbub.settings")
    if len(sys.argv) > 1 and sys.argv[1] == "runserver":
        os.environ.setdefault("DEBUG", "1")
    try:
        from django.core.management import execute_from_command_line
        from django.db import OperationalError, connection
    except ImportError:
        sys.exit("Django isn't installed. Run `make setup`, or activate the virtual environment.")
    try:
        execute_from_command_line(sys.argv)
    except OperationalError as error:
        if connection.connection is not None:
            raise
        sys.exit(f"Can't reach the database: {error}")


def exit_on_signal(number: int, frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)  # the exit code that a shell reports


if __name__ == "__main__":
    main()
