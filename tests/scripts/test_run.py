"""Two ways to a chat on one's own machine: `make run` (here: what it calls) and `runserver`."""

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


def environment(folder: Path, **more: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "DATA_DIR": str(folder),
        "STATIC_ROOT": str(folder / "static"),
        **more,
    }


@contextmanager
def serving(port: int, *command: str, **variables: str) -> Iterator[subprocess.Popen[str]]:
    """Run a command that serves on `port`, from when it answers."""
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
    pytest.fail(f"Nothing serves: {process.communicate()[0]}")


def get(port: int, path: str) -> tuple[int, str]:
    connection = HTTPConnection(HOST, port, timeout=20)
    connection.request("GET", path)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def test_it_serves_pages_and_static_files_says_where_and_ends_quietly(tmp_path: Path) -> None:
    for _again in range(2):
        port = free_port()
        with serving(port, *RUN, **environment(tmp_path, PORT=str(port))) as process:
            status, page = get(port, "/accounts/signup/")
            assert status == 200
            sheet = page.split('rel="stylesheet" href="')[1].split('"')[0]
            assert get(port, sheet)[0] == 200
            process.send_signal(signal.SIGINT)
            said = process.communicate(timeout=20)[0]
        assert f"http://localhost:{port} " in said
        assert "Traceback" not in said


def test_a_taken_port_gets_a_sentence(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        port = other.getsockname()[1]
        said = run(environment(tmp_path, PORT=str(port)))
    assert said.startswith(f"Port {port} is taken")
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize("port", ["abc", "0", "70000", "-1"])
def test_a_port_that_is_none_gets_a_sentence(tmp_path: Path, port: str) -> None:
    assert run(environment(tmp_path, PORT=port)).startswith(f"PORT is '{port}'")


def test_a_wrong_setting_stops_it_with_its_sentence(tmp_path: Path) -> None:
    said = run(environment(tmp_path, PORT=str(free_port()), PUBLIC_URL="chat"))
    assert "PUBLIC_URL is 'chat'" in said
    assert "Traceback" not in said


def test_runserver_serves_the_chat_without_any_setting(tmp_path: Path) -> None:
    variables = environment(tmp_path)
    subprocess.run([sys.executable, MANAGE, "migrate", "-v0"], env=variables, check=True)
    port = free_port()
    with serving(port, MANAGE, "runserver", "--noreload", str(port), **variables):
        status, page = get(port, "/accounts/signup/")
        assert status == 200
        sheet = page.split('rel="stylesheet" href="')[1].split('"')[0]
        assert get(port, sheet)[0] == 200


def test_createsuperuser_makes_an_owner_who_is_in_the_lobby(tmp_path: Path) -> None:
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
    """Run what is expected to stop at once; return what it said."""
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
