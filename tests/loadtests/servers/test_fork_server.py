"""A child of the fork server behaves like a process of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from loadtests.lib.servers.fork_server import ForkedProcess, ForkServer
from loadtests.lib.servers.stack import wait_until

Run = Callable[..., ForkedProcess]
PRINT_STATE = """
import os, sys, threading
from django.conf import settings
print(sorted(os.environ.items()), os.getcwd(), sys.argv[1:], sys.stdin.read(), __name__)
print(settings.configured, "twisted.internet.reactor" in sys.modules, threading.active_count())
print([name for name in sys.modules if name.startswith("hubbub")])
print("an error", file=sys.stderr)
"""


@pytest.fixture(scope="module")
def server() -> Iterator[ForkServer]:
    with ForkServer() as server:
        yield server


@pytest.fixture
def run(server: ForkServer, tmp_path: Path) -> Run:
    """Return a function that starts a program whose files are in `tmp_path`."""

    def start(code: str, *arguments: str, env: dict[str, str] | None = None) -> ForkedProcess:
        (tmp_path / "program.py").write_text(code)
        (tmp_path / "in").write_text("some input")
        with (
            (tmp_path / "in").open() as stdin,
            (tmp_path / "out").open("w") as stdout,
            (tmp_path / "error").open("w") as stderr,
        ):
            return server.fork(
                [sys.executable, str(tmp_path / "program.py"), *arguments],
                cwd=tmp_path,
                env=env or {},
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
            )

    return start


def test_a_program_starts_with_the_given_environment_and_nothing_else(
    run: Run, tmp_path: Path
) -> None:
    assert run(PRINT_STATE, "-v", "x", env={"DATA_DIR": "here"}).wait(10) == 0
    assert (tmp_path / "out").read_text().splitlines() == [
        f"[('DATA_DIR', 'here')] {tmp_path} ['-v', 'x'] some input __main__",
        "False False 1",
        "[]",
    ]
    assert (tmp_path / "error").read_text() == "an error\n"


def test_modules_are_found_next_to_the_program_and_on_its_path(run: Run, tmp_path: Path) -> None:
    (tmp_path / "beside.py").write_text("")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/on_the_path.py").write_text("")
    code = "import beside, on_the_path"
    assert run(code, env={"PYTHONPATH": str(tmp_path / "folder")}).wait(10) == 0
    assert run(code).wait(10) == 1
    assert "No module named 'on_the_path'" in (tmp_path / "error").read_text()


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("", 0, ""),
        ("import sys; sys.exit(7)", 7, ""),
        ("import sys; sys.exit('refused')", 1, "refused\n"),
        ("import os; os._exit(3)", 3, ""),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM, ""),
    ],
)
def test_the_exit_status_is_that_of_the_program(
    run: Run, tmp_path: Path, code: str, status: int, error: str
) -> None:
    process = run(code)
    assert process.wait(10) == status
    assert process.poll() == status
    assert (tmp_path / "error").read_text() == error


def test_a_program_can_be_signalled_and_killed_and_has_a_session_of_its_own(run: Run) -> None:
    process = run("import time; time.sleep(60)")
    assert process.poll() is None
    assert os.getsid(process.pid) == process.pid
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait(10) == -signal.SIGKILL
    assert not psutil.pid_exists(process.pid)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_programs_end_with_the_server_even_if_it_is_killed(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text("import time; time.sleep(60)")
    with ForkServer() as server, (tmp_path / "log").open("w+") as log:
        command = [sys.executable, str(tmp_path / "program.py")]
        process = server.fork(command, cwd=tmp_path, env={}, stdin=log, stdout=log, stderr=log)
        os.kill(psutil.Process(process.pid).ppid(), signal.SIGKILL)
        # This status only shows that the fork server has ended. The pid shows whether the program
        # has.
        assert process.wait(10) == -signal.SIGKILL
        wait_until(lambda: not psutil.pid_exists(process.pid), 10)
