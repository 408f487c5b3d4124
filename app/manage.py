#!/usr/bin/env python
"""Django's command line for Hubbub; `python app/manage.py help` lists what it can do."""

import os
import sys


def main() -> None:
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


if __name__ == "__main__":
    main()
