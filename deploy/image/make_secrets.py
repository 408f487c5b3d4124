"""Make the secrets of docker-compose.yml in the volume at /run/hubbub: what is there stays.

Run as root by its service `secrets` before everything else. Each folder has what one of the others
may read: `app` belongs to the image's user, `postgres` and `redis` to root, which both are when
they start. The addresses follow from the passwords, so they are written anew each time.
"""

import os
import secrets
from pathlib import Path

FOLDER = Path("/run/hubbub")
ROOT, APP = 0, 10001  # the latter is USER in the Dockerfile
BYTES = 48  # 64 characters: Django asks for 50


def main() -> None:
    for name in ("app", "postgres", "redis"):
        (FOLDER / name).mkdir(exist_ok=True)
    keep("app/secret_key", APP)
    keep("postgres/password", ROOT)
    keep("redis/password", ROOT)
    database, redis = read("postgres/password"), read("redis/password")
    write("app/database_url", APP, f"postgres://hubbub:{database}@postgres:5432/hubbub")
    write("app/redis_url", APP, f"redis://:{redis}@redis:6379/0")


def keep(name: str, owner: int) -> None:
    if not (FOLDER / name).exists():
        write(name, owner, secrets.token_urlsafe(BYTES))


def read(name: str) -> str:
    return (FOLDER / name).read_text()


def write(name: str, owner: int, text: str) -> None:
    """Put it there whole: whoever looks meanwhile sees the old one, or the new."""
    path = FOLDER / name
    made = path.with_suffix(".new")
    made.unlink(missing_ok=True)
    with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400), "w") as file:
        file.write(text)
        os.fchown(file.fileno(), owner, owner)
        os.fsync(file.fileno())
    made.rename(path)


main()
