"""Check the project as a deployment would run it: Django's deployment checks, missing migrations.

Called by `make lint`. Nothing is connected to: the database named here does not exist.
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
    with TemporaryDirectory() as folder:
        base = {"PATH": os.environ["PATH"], "DATA_DIR": folder, "STATIC_ROOT": folder}
        deployment = base | {
            "DATABASE_URL": f"sqlite:///{folder}/nothing.sqlite3",
            "REDIS_URL": "redis://localhost:1/0",
            "SECRET_KEY": secrets.token_urlsafe(50),
            "PUBLIC_URL": "https://chat.example.org",
        }
        for command in CHECKS:
            done = subprocess.run([sys.executable, MANAGE, *command], env=deployment)
            if done.returncode:
                sys.exit(f"`manage.py {' '.join(command)}` failed, as said above.")


if __name__ == "__main__":
    main()
