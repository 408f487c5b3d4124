"""`python -m hubbub.realtime.server`: serves WebSockets, and pages in single-process deployments.

The command is imported last, because it needs Django's settings, and because its import of Daphne
installs Twisted's reactor on the event loop that must exist by then.
"""

import os
import sys

from hubbub.realtime.server.event_loop import install_timed_loop

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hubbub.settings")


def main() -> None:
    install_timed_loop()

    import django

    django.setup()
    from hubbub.realtime.server.command_line import CommandLine

    CommandLine().run(sys.argv[1:])


if __name__ == "__main__":
    main()
