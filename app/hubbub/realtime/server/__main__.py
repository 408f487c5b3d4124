"""`python -m hubbub.realtime.server`: serves WebSockets, and pages in single-process deployments.

The command is imported last, because it needs Django's settings, and because its import of Daphne
installs Twisted's reactor on the event loop that must exist by then.

A signal before the server has installed its own handlers ends the process. Without a handler, the
first process of a container would ignore SIGTERM.
"""

import os
import signal
import sys
from types import FrameType
from typing import NoReturn

from hubbub.open_files import raise_limit
from hubbub.realtime.server.event_loop import install_timed_loop

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hubbub.settings")


def main() -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, exit_on_signal)
    install_timed_loop()

    import django

    django.setup()
    raise_limit()
    from hubbub.realtime.server.command_line import CommandLine

    CommandLine().run(sys.argv[1:])


def exit_on_signal(number: int, frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)  # the exit code that a shell reports


if __name__ == "__main__":
    main()
