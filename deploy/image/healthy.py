"""Say by the exit status whether this container is well: the image's HEALTHCHECK.

`web` and `realtime` have to answer /healthz at PORT, which asks nothing of the database: whoever
ends what is not well must not end all processes when Postgres is away. Any other command ends by
itself, and is well as long as it runs.
"""

import os
import sys
import urllib.request
from pathlib import Path

TIMEOUT_SECONDS = 4
SERVES = {"web", "realtime", "hubbub.realtime.server"}  # as itself, and behind an init


def main() -> None:
    words = Path("/proc/1/cmdline").read_text().split("\0")
    if SERVES.intersection(words) or any(word.endswith("/gunicorn") for word in words):
        answer()


def answer() -> None:
    url = f"http://127.0.0.1:{os.environ.get('PORT') or 8000}/healthz"
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS):
            pass
    except OSError as error:
        sys.exit(f"{url} does not answer: {error}")


main()
