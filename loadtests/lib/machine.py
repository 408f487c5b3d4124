"""Where and on what it was measured: the machine, the versions of everything, the commit."""

import os
import platform
import re
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from loadtests.lib.servers.postgres import find_binaries
from loadtests.lib.servers.process import ROOT
from scripts.stack.programs import find_program

PACKAGES = ["django", "channels", "channels-redis", "daphne", "twisted", "autobahn", "psycopg"]


def describe() -> dict[str, Any]:
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "system": f"{platform.system()} {platform.release()}",
        "versions": versions(),
    }


def commit() -> str:
    """Return the commit, with a + when files differ from it."""
    revision = _output("git", "-C", str(ROOT), "rev-parse", "--short=10", "HEAD")
    changed = _output("git", "-C", str(ROOT), "status", "--porcelain", "--", "app", "loadtests")
    return revision + ("+" if changed else "")


def commits_of(machines: Iterable[dict[str, Any]]) -> str:
    """Return the commits of several runs, each once."""
    return ", ".join(dict.fromkeys(one["commit"] for one in machines))


def versions() -> dict[str, str]:
    found = {
        "python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
        "postgres": _number(_output(str(find_binaries() / "postgres"), "--version")),
        "redis": _number(_output("redis-server", "--version")),
        "node": _number(_output("node", "--version")),
        "socket.io": _npm("socket.io"),
        "nginx": _number(_output(find_program("nginx") or "nginx", "-v")),
        "nchan": _debian("libnginx-mod-nchan"),
    }
    return {name: number for name, number in found.items() if number}


def _processor() -> str:
    facts = Path("/proc/cpuinfo")
    names = re.findall(r"model name\s*: (.*)", facts.read_text()) if facts.exists() else []
    return names[0] if names else platform.processor()


def _npm(name: str) -> str:
    lock = ROOT / "loadtests/bench/systems/socketio/package-lock.json"
    match = re.search(rf'"node_modules/{name}": {{\s*"version": "([^"]+)"', lock.read_text())
    return match[1] if match else ""


def _debian(package: str) -> str:
    return _output("dpkg-query", "--show", "--showformat=${Version}", package)


def _number(text: str) -> str:
    match = re.search(r"\d+(\.\d+)+", text)
    return match[0] if match else ""


def _output(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except OSError:
        return ""
    return (done.stdout or done.stderr).strip() if done.returncode == 0 else ""
