"""Prepare the database and the static files, then serve on this machine: `make run`.

Everything that can be wrong here gets one sentence. What serves is `hubbub.realtime.server`.
"""

import os
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    port = chosen_port()
    ensure_free(port)
    manage("Preparing the database", "migrate", "--verbosity=0")
    manage("Collecting the static files", "collectstatic", "--no-input", "--verbosity=0")
    say(f"Serving Hubbub at http://localhost:{port} (Ctrl-C stops it)")
    os.environ["PYTHONPATH"] = str(ROOT / "app")
    os.execv(sys.executable, [sys.executable, "-m", "hubbub.realtime.server"])


def chosen_port() -> int:
    chosen = os.environ.setdefault("PORT", "8000")
    if not chosen.isascii() or not chosen.isdecimal() or not 1 <= int(chosen) <= 65_535:
        sys.exit(f"PORT is {chosen!r}: give a number from 1 to 65535.")
    return int(chosen)


def ensure_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError:
            sys.exit(f"Port {port} needs root. Choose another: make run PORT=8001")
        except OSError:
            sys.exit(
                f"Port {port} is taken by another program, or by a Hubbub that runs already. "
                f"Choose another: make run PORT={port % 65_535 + 1}"
            )


def manage(doing: str, *arguments: str) -> None:
    say(doing)
    done = subprocess.run([sys.executable, str(ROOT / "app/manage.py"), *arguments])
    if done.returncode:
        sys.exit(f"{doing} failed, as said above.")


def say(text: str) -> None:
    print(f"==> {text}", flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
