"""`python -m hubbub.realtime.server`: serve sockets, and pages where one process does everything.

The command is imported last: it needs Django's settings, and Daphne's reactor before Twisted.
"""

import os
import sys

from hubbub.realtime.server.event_loop import time_next_loop

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hubbub.settings")


def main() -> None:
    time_next_loop()

    import django

    django.setup()
    from hubbub.realtime.server.command import Command

    Command().run(sys.argv[1:])


if __name__ == "__main__":
    main()
