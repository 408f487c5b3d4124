"""Two ways to run Hubbub on one machine: `scripts/run.py` (`make run`) and `runserver`."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest

from loadtests.lib.servers.process import HOST, ROOT, START_SECONDS
from scripts.stack.ports import free_port

RUN = [str(ROOT / "scripts/run.py")]
MANAGE = str(ROOT / "app/manage.py")


def environment(folder: Path, **extra: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "DATA_DIR": str(folder),
        "STATIC_ROOT": str(folder / "static"),
        **extra,
    }


@contextmanager
def serving(port: int, *command: str, **variables: str) -> Iterator[subprocess.Popen[str]]:
    """Run a command that serves on `port`. Yield once it accepts connections."""
    with subprocess.Popen(
        [sys.executable, *command],
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            wait_for(port, process)
            yield process
        finally:
            process.kill()


def wait_for(port: int, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection((HOST, port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    process.kill()
    pytest.fail(f"The command does not serve: {process.communicate()[0]}")


def get(port: int, path: str) -> tuple[int, str]:
    connection = HTTPConnection(HOST, port, timeout=20)
    connection.request("GET", path)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def test_make_run_serves_pages_and_static_files_and_exits_cleanly(tmp_path: Path) -> None:
    for _run in range(2):
        port = free_port()
        with serving(port, *RUN, **environment(tmp_path, PORT=str(port))) as process:
            status, page = get(port, "/accounts/signup/")
            assert status == 200
            sheet = page.split('rel="stylesheet" href="')[1].split('"')[0]
            assert get(port, sheet)[0] == 200
            process.send_signal(signal.SIGINT)
            output = process.communicate(timeout=20)[0]
        assert f"http://localhost:{port} " in output
        assert "Traceback" not in output


def test_a_used_port_gives_a_one_line_error(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        port = other.getsockname()[1]
        output = run(environment(tmp_path, PORT=str(port)))
    assert output.startswith(f"Port {port} is already in use")
    assert len(output.splitlines()) == 1


@pytest.mark.parametrize("port", ["abc", "0", "70000", "-1"])
def test_an_invalid_port_gives_an_error(tmp_path: Path, port: str) -> None:
    assert run(environment(tmp_path, PORT=port)).endswith(f", not {port!r}.\n")


def test_an_invalid_setting_stops_it_with_its_error(tmp_path: Path) -> None:
    output = run(environment(tmp_path, PORT=str(free_port()), PUBLIC_URL="chat"))
    assert "PUBLIC_URL is 'chat'" in output
    assert "Traceback" not in output


def test_runserver_serves_without_any_setting(tmp_path: Path) -> None:
    variables = environment(tmp_path)
    subprocess.run([sys.executable, MANAGE, "migrate", "-v0"], env=variables, check=True)
    port = free_port()
    with serving(port, MANAGE, "runserver", "--noreload", str(port), **variables):
        status, page = get(port, "/accounts/signup/")
        assert status == 200
        sheet = page.split('rel="stylesheet" href="')[1].split('"')[0]
        assert get(port, sheet)[0] == 200


def test_createsuperuser_creates_an_owner_in_the_lobby(tmp_path: Path) -> None:
    variables = environment(tmp_path, DJANGO_SUPERUSER_PASSWORD="correct horse battery")
    alice = ["--no-input", "--username=alice", "--email=alice@example.org"]
    show = (
        "from hubbub.chat.models import Membership as M;"
        "print([(m.room.is_lobby, m.user.is_owner, m.role) for m in M.objects.all()])"
    )
    for command in (
        ["migrate", "-v0"],
        ["createsuperuser", *alice],
        ["shell", "--no-imports", "-c", show],
    ):
        done = subprocess.run(
            [sys.executable, MANAGE, *command], env=variables, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[(True, True, 'owner')]"


def run(variables: dict[str, str]) -> str:
    """Run the script in a case where it should exit with an error. Return its output."""
    done = subprocess.run(
        [sys.executable, *RUN],
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    return done.stdout
