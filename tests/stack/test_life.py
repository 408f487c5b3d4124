"""The life of a stack: it starts on nothing, keeps what dies running, and leaves nothing behind."""

import json
import os
import shutil
import signal
import socket
import subprocess
import urllib.request
from pathlib import Path

from loadtests.servers.process import HOST, ROOT
from tests.stack.conftest import MakeStack
from tests.stack.running import STOP_SECONDS, RunningStack, until


def test_every_process_is_started_again_alone(stack: RunningStack) -> None:
    for name in ("realtime-1", "web-1", "redis", "nginx", "postgres"):
        before = stack.rows()
        os.kill(before[name].pid, signal.SIGKILL)
        until(lambda: stack.rows()[name].restarts == before[name].restarts + 1)
        until(lambda: _serves(stack))
        after = stack.rows()
        assert after[name].port == before[name].port
        assert [row.pid for row in after.values() if row.name != name] == [
            row.pid for row in before.values() if row.name != name
        ]
        assert f"{name} ended (by SIGKILL). It starts again in " in stack.said()


def test_it_says_where_it_is_and_what_one_may_do_next(stack: RunningStack) -> None:
    said = stack.said()
    assert f"==> Hubbub is at {stack.environment['PUBLIC_URL']} (Ctrl-C stops it)" in said
    assert 'make stack-manage ARGS="owner alice"' in said
    assert "\x1b[" not in said


def test_what_processes_say_is_in_one_stream_by_name(stack: RunningStack) -> None:
    urllib.request.urlopen(f"http://{stack.address}/accounts/login/?next=/x").close()

    def requests() -> list[str]:
        lines = [line.split(" | ", 1) for line in stack.said().splitlines() if " | " in line]
        return [text for name, text in lines if name.strip() == "nginx" and text.startswith("{")]

    until(lambda: any(json.loads(text)["path"] == "/accounts/login/" for text in requests()))
    assert "next=" not in stack.said()


def test_a_second_start_is_refused_while_one_runs(stack: RunningStack) -> None:
    refused = stack.attempt("up")
    assert refused.returncode == 1
    assert refused.stderr.startswith("A stack runs already in ")
    assert len(refused.stderr.splitlines()) == 1
    assert _serves(stack)


def test_secrets_are_for_its_user_only(stack: RunningStack) -> None:
    home = stack.folder / "stack"
    for name in ("env", "secrets.json", "redis/redis.conf"):
        assert (home / name).stat().st_mode & 0o077 == 0
    secrets = json.loads((home / "secrets.json").read_text()).values()
    for process in stack.left_behind():
        command = " ".join(process.cmdline())
        assert not [secret for secret in secrets if secret in command]


def test_ctrl_c_leaves_nothing_behind_and_a_second_start_keeps_the_data(
    make_stack: MakeStack,
) -> None:
    stack = make_stack(REPLICAS="1").start()
    printed = stack.manage("owner", "alice", "--email=alice@example.org")
    assert "alice" in printed
    key = stack.variable("SECRET_KEY")
    _assert_stops(stack)
    assert stack.attempt("status").stderr.startswith("No stack runs in ")
    stack.start()
    assert stack.variable("SECRET_KEY") == key
    assert "owns this place" in stack.manage("owner", "alice")
    # Killed, it has no time to end anything; yet nothing outlives it, and it starts again.
    assert stack.process is not None
    stack.process.kill()
    stack.process.wait()
    until(lambda: not stack.left_behind(), STOP_SECONDS)
    stack.start()
    assert "owns this place" in stack.manage("owner", "alice")


def test_a_taken_port_gets_a_sentence(make_stack: MakeStack) -> None:
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        port = other.getsockname()[1]
        refused = make_stack(PORT=str(port)).attempt("up")
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"Port {port} is taken by another program.")
    assert len(refused.stderr.splitlines()) == 1


def test_a_setting_that_cannot_be_right_ends_it_with_its_sentence(make_stack: MakeStack) -> None:
    stack = make_stack(PUBLIC_URL="chat")
    refused = stack.attempt("up")
    assert refused.returncode == 1
    assert "PUBLIC_URL is 'chat'" in refused.stdout
    assert "Traceback" not in refused.stdout + refused.stderr
    assert not stack.left_behind()


def test_a_number_that_is_none_gets_a_sentence(make_stack: MakeStack) -> None:
    for name, value in {"PORT": "http", "REPLICAS": "0"}.items():
        stack = make_stack()
        stack.environment[name] = value
        said = stack.attempt("up").stderr
        assert said.startswith(f"{name} is {value!r}: give a number from 1 to ")


def test_missing_programs_are_named(tmp_path: Path) -> None:
    for name in ("id", "ls"):
        (tmp_path / name).symlink_to(str(shutil.which(name)))
    done = subprocess.run(
        ["/bin/sh", str(ROOT / "scripts/bring-servers"), "stack"],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("These are missing: ")
    assert "redis-server" in done.stderr


def _assert_stops(stack: RunningStack) -> None:
    ports = [row.port for row in stack.rows().values()]
    stack.stop()
    assert stack.process is not None
    assert stack.process.returncode == 0
    assert stack.left_behind() == []
    assert "Traceback" not in stack.said()
    for port in ports:
        with socket.socket() as probe:
            assert probe.connect_ex((HOST, port)) != 0


def _serves(stack: RunningStack) -> bool:
    try:
        with urllib.request.urlopen(f"http://{stack.address}/accounts/login/", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
