"""Serve everything (pages, REST, sockets) with one Daphne on 127.0.0.1:$PORT.

Called by `make run` and by the servers of tests and benchmarks. Sizes and heartbeat are given to
Daphne as flags, from the settings: it reads none of them itself.
"""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "app"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hubbub.settings")


def main() -> None:
    from daphne.cli import CommandLineInterface
    from django.conf import settings

    flags = {
        "--bind": "127.0.0.1",
        "--port": os.environ.get("PORT", "8000"),
        "--websocket-max-message-size": settings.DAPHNE_WEBSOCKET_MAX_MESSAGE_SIZE,
        "--websocket-max-frame-size": settings.DAPHNE_WEBSOCKET_MAX_FRAME_SIZE,
        "--ping-interval": settings.HEARTBEAT_SECONDS,
        # Closed when nothing was heard for 2.5 heartbeats, pongs included (the protocol's "Life").
        "--ping-timeout": int(1.5 * settings.HEARTBEAT_SECONDS),
        "--verbosity": 0,
    }
    arguments = [str(part) for flag in flags.items() for part in flag]
    CommandLineInterface().run([*arguments, "hubbub.asgi:application"])


if __name__ == "__main__":
    main()
