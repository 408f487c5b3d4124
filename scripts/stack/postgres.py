"""The stack's PostgreSQL: a Postgres cluster in the state directory, with a password, on loopback.

PostgreSQL refuses to run as root, so root runs it as the user `postgres`, which its package
creates. If that user cannot reach the state directory (because it is below a home directory of mode
700, for example), the data directory is in /var/lib, and the state directory contains a link to it.
"""

import hashlib
import os
import shutil
import signal
import subprocess
from functools import partial
from pathlib import Path

from scripts.stack.child_process import launcher_command
from scripts.stack.errors import StackError
from scripts.stack.output import Output
from scripts.stack.probes import HOST, succeeds
from scripts.stack.process import Program
from scripts.stack.programs import find_postgres, find_program, is_root
from scripts.stack.state_directory import StateDirectory, write_private

OWNER = DATABASE = "hubbub"
SYSTEM_USER = "postgres"
MAX_CONNECTIONS = 200


def program(state: StateDirectory, port: int, output: Output) -> Program:
    """Return the program that runs PostgreSQL. Create the Postgres cluster if it is missing."""
    binaries = find_postgres()
    assert binaries is not None
    data = _data_directory(state, output)
    if not (data / "PG_VERSION").exists():
        output.write("Creating a PostgreSQL cluster")
        _create_cluster(binaries, data, state)
    settings = {
        "listen_addresses": HOST,
        "port": str(port),
        "unix_socket_directories": "",
        "max_connections": str(MAX_CONNECTIONS),
        "log_min_messages": "warning",
        "password_encryption": "scram-sha-256",
    }
    flags = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    ready = (str(binaries / "pg_isready"), "--quiet", f"--host={HOST}", f"--port={port}")
    return Program(
        command=[str(binaries / "postgres"), "-D", str(data), *flags],
        environment={"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8"},
        cwd=Path("/"),
        is_ready=partial(succeeds, *ready),
        stop_signal=signal.SIGINT,  # a "fast" shutdown, which does not wait for clients
        orphan_signal=signal.SIGINT,
        user=_user(),
    )


def url(port: int, password: str) -> str:
    return f"postgres://{OWNER}:{password}@{HOST}:{port}/{DATABASE}"


def create_database(port: int, password: str) -> None:
    """Create the database unless it exists."""
    binaries = find_postgres()
    assert binaries is not None
    environment = {"PATH": os.environ.get("PATH", ""), "PGPASSWORD": password}
    server = [f"--host={HOST}", f"--port={port}", f"--username={OWNER}"]
    psql = [str(binaries / "psql"), *server, "--no-psqlrc", "--tuples-only", "--no-align"]
    names = _run([*psql, "--command=SELECT datname FROM pg_database", "postgres"], environment)
    if DATABASE not in names.split():
        _run([str(binaries / "createdb"), *server, DATABASE], environment)


def _data_directory(state: StateDirectory, output: Output) -> Path:
    data = state / "postgres"
    if not data.exists() and is_root() and not _postgres_can_reach(state.path):
        suffix = hashlib.sha256(bytes(state.path)).hexdigest()[:12]
        reachable = Path("/var/lib") / f"hubbub-stack-{suffix}"
        output.write(f"PostgreSQL cannot reach {state.path}; its data is in {reachable}")
        reachable.mkdir(exist_ok=True)
        data.unlink(missing_ok=True)
        data.symlink_to(reachable)
    data.mkdir(exist_ok=True)
    data.resolve().chmod(0o700)
    if is_root():
        shutil.chown(data.resolve(), SYSTEM_USER, SYSTEM_USER)
    return data.resolve()


def _postgres_can_reach(path: Path) -> bool:
    test = [find_program("test") or "/bin/test", "-x", str(path)]
    return subprocess.run(launcher_command(test, 0, SYSTEM_USER)).returncode == 0


def _create_cluster(binaries: Path, data: Path, state: StateDirectory) -> None:
    password = data.with_name(f"{data.name}-password")
    write_private(password, state.secrets()["postgres_password"])
    if is_root():  # initdb runs as the user `postgres` and has to read the file
        shutil.chown(password, SYSTEM_USER)
    command = [
        str(binaries / "initdb"),
        f"--pgdata={data}",
        f"--username={OWNER}",
        f"--pwfile={password}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
    ]
    try:
        _run(launcher_command(command, 0, _user()), {"PATH": os.environ.get("PATH", "")})
    finally:
        password.unlink()


def _user() -> str | None:
    return SYSTEM_USER if is_root() else None


def _run(command: list[str], environment: dict[str, str]) -> str:
    result = subprocess.run(command, cwd="/", env=environment, capture_output=True, text=True)
    if result.returncode:
        raise StackError(f"PostgreSQL could not be set up:\n{result.stdout}{result.stderr}")
    return result.stdout
