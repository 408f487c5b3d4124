"""The stack's Redis: the bus and the cache. None of its data needs to be kept on disk."""

import os
from functools import partial
from urllib.parse import quote

from scripts.stack.probes import HOST, redis_answers
from scripts.stack.process import Program
from scripts.stack.programs import find_program
from scripts.stack.state_directory import StateDirectory, write_private


def program(state: StateDirectory, port: int) -> Program:
    binary = find_program("redis-server")
    assert binary is not None
    home = state / "redis"
    home.mkdir(exist_ok=True)
    options = {
        "bind": HOST,
        "port": port,
        "dir": home,
        "requirepass": state.secrets()["redis_password"],
        "save": '""',
        "appendonly": "no",
        "maxmemory-policy": "noeviction",
        "loglevel": "warning",
    }
    # The password is in a file, because every user can read the command lines of processes.
    write_private(home / "redis.conf", "".join(f"{key} {text}\n" for key, text in options.items()))
    return Program(
        command=[binary, str(home / "redis.conf")],
        environment={"PATH": os.environ.get("PATH", "")},
        cwd=home,
        is_ready=partial(redis_answers, port),
    )


def url(port: int, password: str) -> str:
    return f"redis://:{quote(password)}@{HOST}:{port}/0"
