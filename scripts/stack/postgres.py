"""The stack's PostgreSQL: a cluster in its folder, with a password, on loopback.

PostgreSQL refuses to run as root; then it runs as the user `postgres`, which its package makes. A
folder that this user cannot reach (in a home of mode 700) gets a link to one in /var/lib instead.
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
from scripts.stack.programs import find_postgres, find_program, is_root
from scripts.stack.service import Program
from scripts.stack.state_directory import StateDirectory, write_private

OWNER = DATABASE = "hubbub"
SYSTEM_USER = "postgres"
CONNECTIONS = 200


def program(folder: StateDirectory, port: int, output: Output) -> Program:
    """Return what runs it; the cluster is made first where there is none."""
    binaries = find_postgres()
    assert binaries is not None
    data = _data_folder(folder, output)
    if not (data / "PG_VERSION").exists():
        output.say("Making a PostgreSQL cluster")
        _make_cluster(binaries, data, folder)
    settings = {
        "listen_addresses": HOST,
        "port": str(port),
        "unix_socket_directories": "",
        "max_connections": str(CONNECTIONS),
        "log_min_messages": "warning",
        "password_encryption": "scram-sha-256",
    }
    flags = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    ready = (str(binaries / "pg_isready"), "--quiet", f"--host={HOST}", f"--port={port}")
    return Program(
        command=[str(binaries / "postgres"), "-D", str(data), *flags],
        environment={"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8"},
        folder=Path("/"),
        answers=partial(succeeds, *ready),
        stop_signal=signal.SIGINT,  # "fast": without waiting for clients
        orphan_signal=signal.SIGINT,
        user=_user(),
    )


def url(port: int, password: str) -> str:
    return f"postgres://{OWNER}:{password}@{HOST}:{port}/{DATABASE}"


def create_database(port: int, password: str) -> None:
    """Make the database, unless it is there."""
    binaries = find_postgres()
    assert binaries is not None
    environment = {"PATH": os.environ.get("PATH", ""), "PGPASSWORD": password}
    at = [f"--host={HOST}", f"--port={port}", f"--username={OWNER}"]
    names = [str(binaries / "psql"), *at, "--no-psqlrc", "--tuples-only", "--no-align"]
    listed = _run([*names, "--command=SELECT datname FROM pg_database", "postgres"], environment)
    if DATABASE not in listed.split():
        _run([str(binaries / "createdb"), *at, DATABASE], environment)


def _data_folder(folder: StateDirectory, output: Output) -> Path:
    data = folder / "postgres"
    if not data.exists() and is_root() and not _may_reach(folder.path):
        mark = hashlib.sha256(bytes(folder.path)).hexdigest()[:12]
        elsewhere = Path("/var/lib") / f"hubbub-stack-{mark}"
        output.say(f"PostgreSQL cannot reach {folder.path}: its data goes to {elsewhere}")
        elsewhere.mkdir(exist_ok=True)
        data.unlink(missing_ok=True)
        data.symlink_to(elsewhere)
    data.mkdir(exist_ok=True)
    data.resolve().chmod(0o700)
    if is_root():
        shutil.chown(data.resolve(), SYSTEM_USER, SYSTEM_USER)
    return data.resolve()


def _may_reach(path: Path) -> bool:
    return (
        subprocess.run(
            launcher_command([find_program("test") or "/bin/test", "-x", str(path)], 0, SYSTEM_USER)
        ).returncode
        == 0
    )


def _make_cluster(binaries: Path, data: Path, folder: StateDirectory) -> None:
    # initdb reads the password before it gives up the folder to anyone.
    password = data.with_name(f"{data.name}-password")
    write_private(password, folder.secrets()["postgres_password"])
    if is_root():
        shutil.chown(password, SYSTEM_USER)
    try:
        command = [
            str(binaries / "initdb"),
            f"--pgdata={data}",
            f"--username={OWNER}",
            f"--pwfile={password}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
        ]
        _run(launcher_command(command, 0, _user()), {"PATH": os.environ.get("PATH", "")})
    finally:
        password.unlink()


def _user() -> str:
    return SYSTEM_USER if is_root() else "-"


def _run(command: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(command, cwd="/", env=environment, capture_output=True, text=True)
    if done.returncode:
        raise StackError(f"PostgreSQL could not be prepared:\n{done.stdout}{done.stderr}")
    return done.stdout
