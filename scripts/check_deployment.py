"""Runs Django's deployment checks with a deployment's settings, and looks for missing migrations.

`make lint` calls this. It opens no connection, because the database in its settings does not exist.
"""

import os
import secrets
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

MANAGE = str(Path(__file__).resolve().parent.parent / "app/manage.py")
CHECKS = (
    ("check", "--deploy", "--fail-level=WARNING"),
    ("makemigrations", "--check", "--dry-run"),
)


def main() -> None:
    with TemporaryDirectory() as directory:
        deployment = {
            "PATH": os.environ["PATH"],
            "DATA_DIR": directory,
            "STATIC_ROOT": directory,
            "DATABASE_URL": f"sqlite:///{directory}/nothing.sqlite3",
            "REDIS_URL": "redis://localhost:1/0",
            "SECRET_KEY": secrets.token_urlsafe(50),
            "PUBLIC_URL": "https://chat.example.org",
        }
        for command in CHECKS:
            result = subprocess.run([sys.executable, MANAGE, *command], env=deployment)
            if result.returncode:
                sys.exit(f"`manage.py {' '.join(command)}` failed; see the output above.")


if __name__ == "__main__":
    main()
