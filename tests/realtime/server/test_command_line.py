"""`python -m hubbub.realtime.server` is Daphne's command line with defaults from our settings."""

import os
import signal
import socket
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path

import pytest

from loadtests.lib.servers.process import HOST, ROOT, START_SECONDS
from loadtests.lib.servers.stack import wait_until
from scripts.stack.ports import free_port
from tests.scripts.test_run import serving

COMMAND = ["-m", "hubbub.realtime.server"]


def environment(folder: Path, **more: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT / "app"),
        "DATA_DIR": str(folder),
        "STATIC_ROOT": str(folder),
        **more,
    }


def run_to_end(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command that is expected to exit at once."""
    return subprocess.run(
        [sys.executable, *COMMAND, *arguments],
        env=environment(folder, **variables),
        capture_output=True,
        text=True,
        timeout=60,
    )


def response_over_unix_socket(path: str, process: subprocess.Popen[bytes]) -> bytes:
    """Request /healthz over a Unix socket as soon as the server listens on it."""
    wait_until(lambda: process.poll() is not None or Path(path).is_socket(), within=START_SECONDS)
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(10)
        client.connect(path)
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        return client.recv(100)


def test_its_help_describes_it_and_lists_daphnes_options(tmp_path: Path) -> None:
    result = run_to_end(tmp_path, "--help", DATABASE_URL="postgres://u@host/name")
    assert result.returncode == 0, result.stderr
    assert "Serve Hubbub's WebSockets" in result.stdout
    for option in ("--port", "--bind", "--unix-socket", "--fd", "--endpoint", "--proxy-headers"):
        assert option in result.stdout


@pytest.mark.parametrize("port", ["abc", "0", "70000", "-1"])
def test_an_invalid_port_gets_a_clear_message(tmp_path: Path, port: str) -> None:
    done = run_to_end(tmp_path, PORT=port)
    assert done.returncode == 1
    assert done.stderr.startswith(f"PORT is '{port}'. It must be ")
    assert len(done.stderr.splitlines()) == 1


def test_a_port_in_use_gets_a_clear_message(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        port = other.getsockname()[1]
        done = run_to_end(tmp_path, PORT=str(port))
    assert done.returncode == 1
    assert f"Couldn't listen on 127.0.0.1:{port}" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_an_option_takes_precedence_over_the_environment(tmp_path: Path) -> None:
    given, other = free_port(), free_port()
    variables = environment(tmp_path, PORT=str(other))
    with (
        serving(given, *COMMAND, "--port", str(given), **variables),
        pytest.raises(ConnectionRefusedError),
    ):
        socket.create_connection((HOST, other), timeout=1)


@pytest.mark.parametrize(
    ("options", "address"),
    [
        ((), "198.51.100.1:20001"),
        (("--port", "20002"), "198.51.100.1:20002"),
        (("--bind", "198.51.100.2"), "198.51.100.2:20001"),
        (("-b", "198.51.100.2", "-p", "20002"), "198.51.100.2:20002"),
    ],
)
def test_it_listens_on_the_address_of_the_environment_or_the_options(
    tmp_path: Path, options: tuple[str, ...], address: str
) -> None:
    # Addresses reserved for documentation: no machine has them, so the error names the address.
    done = run_to_end(tmp_path, *options, BIND="198.51.100.1", PORT="20001")
    assert done.returncode == 1
    assert f"Couldn't listen on {address}" in done.stderr


def test_with_a_unix_socket_it_listens_on_no_port(tmp_path: Path) -> None:
    port, path = free_port(), str(tmp_path / "socket")
    process = subprocess.Popen(
        [sys.executable, *COMMAND, "--unix-socket", path], env=environment(tmp_path, PORT=str(port))
    )
    try:
        assert response_over_unix_socket(path, process).startswith(b"HTTP/1.1 200")
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((HOST, port), timeout=1)
    finally:
        process.kill()
        process.wait()


def test_it_can_serve_another_application(tmp_path: Path) -> None:
    (tmp_path / "other.py").write_text(
        "async def application(scope, receive, send):\n"
        "    await send({'type': 'http.response.start', 'status': 418, 'headers': []})\n"
        "    await send({'type': 'http.response.body', 'body': b''})\n"
    )
    port = free_port()
    variables = environment(tmp_path, PORT=str(port))
    variables["PYTHONPATH"] += f":{tmp_path}"
    with serving(port, *COMMAND, "other:application", **variables):
        connection = HTTPConnection(HOST, port, timeout=10)
        connection.request("GET", "/")
        assert connection.getresponse().status == 418
        connection.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_during_the_start_ends_it(tmp_path: Path, number: signal.Signals) -> None:
    """A handler is needed: the first process of a container has no default action for SIGTERM."""
    settings = f"import os; os.kill(os.getpid(), {int(number)})\nfrom hubbub.settings import *\n"
    (tmp_path / "signalled_settings.py").write_text(settings)
    variables = {
        "DJANGO_SETTINGS_MODULE": "signalled_settings",
        "PYTHONPATH": f"{ROOT / 'app'}:{tmp_path}",
    }
    result = run_to_end(tmp_path, **variables)
    assert (result.returncode, result.stderr) == (128 + number, "")
