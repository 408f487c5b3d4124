"""Migrates the database, collects the static files and serves Hubbub on this machine: `make run`.

Every expected error is reported in one sentence. The server that it runs is
`hubbub.realtime.server`.
"""

import os
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    port = port_from_environment()
    ensure_free(port)
    manage("Migrating the database", "migrate", "--verbosity=0")
    manage("Collecting the static files", "collectstatic", "--no-input", "--verbosity=0")
    say(f"Serving Hubbub at http://localhost:{port} (Ctrl-C stops it)")
    os.environ["PYTHONPATH"] = str(ROOT / "app")
    os.execv(sys.executable, [sys.executable, "-m", "hubbub.realtime.server"])


def port_from_environment() -> int:
    text = os.environ.setdefault("PORT", "8000")
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text) <= 65_535:
        sys.exit(f"PORT must be a number from 1 to 65535, not {text!r}.")
    return int(text)


def ensure_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError:
            sys.exit(f"Port {port} needs root. Choose another: make run PORT=8001")
        except OSError:
            sys.exit(
                f"Port {port} is already in use, perhaps by another Hubbub. "
                f"Choose another: make run PORT={port % 65_535 + 1}"
            )


def manage(step: str, *arguments: str) -> None:
    say(step)
    result = subprocess.run([sys.executable, str(ROOT / "app/manage.py"), *arguments])
    if result.returncode:
        sys.exit(f"{step} failed; see the output above.")


def say(text: str) -> None:
    print(f"==> {text}", flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
