"""The image's HEALTHCHECK: exits with 0 if this container is healthy.

`web` and `realtime` have to answer /healthz on PORT. The path does not use the database, so that an
outage of Postgres does not restart every container. A container that runs any other command exits
when the command is done, and is healthy as long as it runs.
"""

import os
import sys
import urllib.request
from pathlib import Path

TIMEOUT_SECONDS = 4
SERVERS = {"web", "realtime", "hubbub.realtime.server"}  # as process 1, or behind an init


def main() -> None:
    words = Path("/proc/1/cmdline").read_text().split("\0")
    if SERVERS.intersection(words) or any(word.endswith("/gunicorn") for word in words):
        check_healthz()


def check_healthz() -> None:
    url = f"http://127.0.0.1:{os.environ.get('PORT') or 8000}/healthz"
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS):
            pass
    except OSError as error:
        sys.exit(f"{url} does not answer: {error}")


main()
