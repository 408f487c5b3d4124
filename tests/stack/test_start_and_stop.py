"""A stack starts from nothing, restarts processes that die, and leaves nothing behind."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from loadtests.lib.servers.process import HOST, ROOT
from loadtests.lib.servers.stack import STOP_SECONDS, RunningStack, wait_until
from tests.stack.conftest import MakeStack


def test_every_process_is_restarted_alone(stack: RunningStack) -> None:
    for name in ("realtime-1", "web-1", "redis", "nginx", "postgres"):
        # Wait until the process that was killed last is back.
        wait_until(lambda: all(row.pid for row in stack.processes().values()))
        before = stack.processes()
        os.kill(before[name].pid, signal.SIGKILL)
        wait_until(lambda: stack.processes()[name].restarts == before[name].restarts + 1)
        wait_until(lambda: _serves(stack))
        after = stack.processes()
        assert after[name].port == before[name].port
        assert [row.pid for row in after.values() if row.name != name] == [
            row.pid for row in before.values() if row.name != name
        ]
        assert f"{name} exited (SIGKILL). Restarting in " in stack.output()


def test_it_prints_its_address_and_next_steps(stack: RunningStack) -> None:
    output = stack.output()
    assert f"==> Hubbub is running at {stack.environment['PUBLIC_URL']} (Ctrl-C stops it)" in output
    assert 'make stack-manage ARGS="owner alice"' in output
    assert "\x1b[" not in output


def test_all_output_is_in_one_stream_with_names(stack: RunningStack) -> None:
    urllib.request.urlopen(f"http://{stack.address}/accounts/login/?next=/x").close()

    def requests() -> list[str]:
        lines = [line.split(" | ", 1) for line in stack.output().splitlines() if " | " in line]
        return [text for name, text in lines if name.strip() == "nginx" and text.startswith("{")]

    wait_until(lambda: any(json.loads(text)["path"] == "/accounts/login/" for text in requests()))
    assert "next=" not in stack.output()


def test_a_second_start_is_rejected_while_one_runs(stack: RunningStack) -> None:
    refused = stack.attempt("up")
    assert refused.returncode == 1
    assert refused.stderr.startswith("A stack is already running in ")
    assert len(refused.stderr.splitlines()) == 1
    assert _serves(stack)


def test_only_its_user_can_read_the_secrets(stack: RunningStack) -> None:
    home = stack.folder / "stack"
    for name in ("env", "secrets.json", "redis/redis.conf"):
        assert (home / name).stat().st_mode & 0o077 == 0
    secrets = json.loads((home / "secrets.json").read_text()).values()
    for process in stack.left_behind():
        command = " ".join(process.cmdline())
        assert not [secret for secret in secrets if secret in command]


def test_ctrl_c_leaves_nothing_behind_and_the_next_start_keeps_the_data(
    make_stack: MakeStack,
) -> None:
    stack = make_stack(REPLICAS="1").start()
    printed = stack.manage("owner", "alice", "--email=alice@example.org")
    assert "alice" in printed
    key = stack.variable("SECRET_KEY")
    _assert_stops_cleanly(stack)
    assert stack.attempt("status").stderr.startswith("No stack is running in ")
    stack.start()
    assert stack.variable("SECRET_KEY") == key
    assert "owner of this workspace" in stack.manage("owner", "alice")
    # A killed manager cannot stop anything, yet no process outlives it, and the stack can start
    # again.
    assert stack.process is not None
    stack.process.kill()
    stack.process.wait()
    wait_until(lambda: not stack.left_behind(), STOP_SECONDS)
    stack.start()
    assert "owner of this workspace" in stack.manage("owner", "alice")


def test_a_used_port_gives_a_one_line_error(make_stack: MakeStack) -> None:
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        port = other.getsockname()[1]
        refused = make_stack(PORT=str(port)).attempt("up")
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"Port {port} is already in use.")
    assert len(refused.stderr.splitlines()) == 1


def test_an_address_of_another_machine_gives_a_one_line_error(make_stack: MakeStack) -> None:
    refused = make_stack(BIND="203.0.113.7").attempt("up")
    assert refused.returncode == 1
    assert refused.stderr.startswith("nginx cannot listen on BIND=203.0.113.7: ")
    assert len(refused.stderr.splitlines()) == 1


def test_a_too_long_state_directory_gives_a_one_line_error(make_stack: MakeStack) -> None:
    stack = make_stack()
    stack.environment["STACK_DIR"] = str(stack.folder / ("long" * 25))
    refused = stack.attempt("up")
    assert refused.returncode == 1
    assert "is too long for a socket" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


def test_ctrl_c_cancels_a_running_operation(make_stack: MakeStack) -> None:
    """BIND differs from the default; the manager has to check there whether nginx is ready."""
    stack = make_stack(REPLICAS="1", BIND="127.0.0.2", PUBLIC_URL="").start()
    assert f"Hubbub is running at http://127.0.0.2:{stack.port} " in stack.output()
    with second_terminal(stack, "scale", "6") as scaling:
        wait_until(lambda: "Starting realtime-2" in stack.output())
        _assert_stops_cleanly(stack)
        _, refused = scaling.communicate(timeout=20)
    assert refused == "The stack is stopping.\n"


def test_file_variables_of_the_shell_do_not_override_the_stack_s_settings(
    stack: RunningStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "url").write_text("postgres://nobody@127.0.0.1:1/nothing")
    monkeypatch.setitem(stack.environment, "DATABASE_URL_FILE", str(tmp_path / "url"))
    stack.manage("migrate", "--check")


def test_an_invalid_setting_stops_it_with_its_error(make_stack: MakeStack) -> None:
    stack = make_stack(PUBLIC_URL="chat")
    refused = stack.attempt("up")
    assert refused.returncode == 1
    assert "PUBLIC_URL is 'chat'" in refused.stdout
    assert "Traceback" not in refused.stdout + refused.stderr
    assert not stack.left_behind()


def test_an_invalid_number_gives_an_error(make_stack: MakeStack) -> None:
    for name, value in {"PORT": "http", "REPLICAS": "0"}.items():
        stack = make_stack()
        stack.environment[name] = value
        error = stack.attempt("up").stderr
        assert error.startswith(f"{name} must be a number from 1 to ")
        assert error.endswith(f", not {value!r}.\n")


def test_missing_programs_are_named(tmp_path: Path) -> None:
    for name in ("id", "ls"):
        (tmp_path / name).symlink_to(str(shutil.which(name)))
    done = subprocess.run(
        ["/bin/sh", str(ROOT / "scripts/install-servers"), "stack"],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("These are missing: ")
    assert "redis-server" in done.stderr


def test_services_that_apt_starts_are_stopped(tmp_path: Path) -> None:
    programs = {
        "id": "echo 0",
        "ls": "exit 1",  # so that the script does not find PostgreSQL where Debian installs it
        "apt-get": "exit 0",
        "systemctl": f'echo "$@" >>{tmp_path}/asked',
    }
    for name, script in programs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "env").symlink_to(str(shutil.which("env")))
    command = [str(ROOT / "scripts/install-servers"), "stack"]
    subprocess.run(["/bin/sh", *command], env={"PATH": str(tmp_path)}, check=True)
    asked = (tmp_path / "asked").read_text().splitlines()
    assert {"disable --now redis-server", "disable --now postgresql"} <= set(asked)


def second_terminal(stack: RunningStack, *command: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "scripts.stack", *command],
        cwd=ROOT,
        env=stack.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _assert_stops_cleanly(stack: RunningStack) -> None:
    ports = [row.port for row in stack.processes().values()]
    stack.stop()
    assert stack.process is not None
    assert stack.process.returncode == 0
    assert stack.left_behind() == []
    assert "Traceback" not in stack.output()
    for port in ports:
        with socket.socket() as probe:
            assert probe.connect_ex((HOST, port)) != 0


def _serves(stack: RunningStack) -> bool:
    try:
        with urllib.request.urlopen(f"http://{stack.address}/accounts/login/", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
