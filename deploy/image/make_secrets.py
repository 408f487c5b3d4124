"""Creates the secrets of docker-compose.yml in the volume at /run/hubbub; existing secrets stay.

The service `secrets` runs this as root before all others. Each directory is for one kind of
container: `app` belongs to the image's user; `postgres` and `redis` belong to root, because both
containers start as root. The URLs contain the passwords, so they are rewritten each time.
"""

import os
import secrets
from pathlib import Path

DIRECTORY = Path("/run/hubbub")
ROOT, APP = 0, 10001  # APP is the USER of the Dockerfile
SECRET_BYTES = 48  # 64 characters; Django requires 50


def main() -> None:
    for name in ("app", "postgres", "redis"):
        (DIRECTORY / name).mkdir(exist_ok=True)
    ensure("app/secret_key", APP)
    ensure("postgres/password", ROOT)
    ensure("redis/password", ROOT)
    database, redis = read("postgres/password"), read("redis/password")
    write("app/database_url", APP, f"postgres://hubbub:{database}@postgres:5432/hubbub")
    write("app/redis_url", APP, f"redis://:{redis}@redis:6379/0")


def ensure(name: str, owner: int) -> None:
    if not (DIRECTORY / name).exists():
        write(name, owner, secrets.token_urlsafe(SECRET_BYTES))


def read(name: str) -> str:
    return (DIRECTORY / name).read_text()


def write(name: str, owner: int, text: str) -> None:
    """Replace the file in one step, so that readers see either the old content or the new one."""
    path = DIRECTORY / name
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400), "w") as file:
        file.write(text)
        os.fchown(file.fileno(), owner, owner)
        os.fsync(file.fileno())
    new.rename(path)


main()
