"""The stack's Redis: a doorbell and a cache, so nothing of it is kept on disk."""

import os
from functools import partial
from urllib.parse import quote

from scripts.stack.probes import HOST, redis_answers
from scripts.stack.programs import find_program
from scripts.stack.service import Program
from scripts.stack.state_directory import StateDirectory, write_private


def program(folder: StateDirectory, port: int) -> Program:
    binary = find_program("redis-server")
    assert binary is not None
    home = folder / "redis"
    home.mkdir(exist_ok=True)
    options = {
        "bind": HOST,
        "port": port,
        "dir": home,
        "requirepass": folder.secrets()["redis_password"],
        "save": '""',
        "appendonly": "no",
        "maxmemory-policy": "noeviction",
        "loglevel": "warning",
    }
    # In a file: a command line can be read by everyone.
    write_private(home / "redis.conf", "".join(f"{key} {text}\n" for key, text in options.items()))
    return Program(
        command=[binary, str(home / "redis.conf")],
        environment={"PATH": os.environ.get("PATH", "")},
        folder=home,
        answers=partial(redis_answers, port),
    )


def url(port: int, password: str) -> str:
    return f"redis://:{quote(password)}@{HOST}:{port}/0"
