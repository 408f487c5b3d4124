"""Describes what a run was measured on: the machine, the versions of all software, and the commit.

Every tool saves `describe()` with its figures. So a report that is made later still says where the
figures come from.
"""

import os
import platform
import re
import subprocess
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from loadtests.lib.servers.postgres import find_binaries
from loadtests.lib.servers.process import ROOT
from scripts.stack.programs import find_program

PACKAGES = ["django", "channels", "channels-redis", "daphne", "twisted", "autobahn", "psycopg"]
Machine = dict[str, Any]


def describe(more_versions: Mapping[str, str] | None = None) -> Machine:
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "system": f"{platform.system()} {platform.release()}",
        "versions": versions() | dict(more_versions or {}),
    }


def commit() -> str:
    """Return the commit, with a "+" if files of the checkout differ from it."""
    revision = output("git", "-C", str(ROOT), "rev-parse", "--short=10", "HEAD")
    changed = output("git", "-C", str(ROOT), "status", "--porcelain", "--", "app", "loadtests")
    return revision + ("+" if changed else "")


def commits_of(machines: Iterable[Machine]) -> str:
    """Return the commits of several runs without repeating any of them."""
    return ", ".join(dict.fromkeys(machine["commit"] for machine in machines))


def versions() -> dict[str, str]:
    found = {
        "python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
        "postgres": number_in(output(str(find_binaries() / "postgres"), "--version")),
        "redis": number_in(output("redis-server", "--version")),
        "nginx": number_in(output(find_program("nginx") or "nginx", "-v")),
    }
    return {name: number for name, number in found.items() if number}


def measured_by(command: str, machine: Machine) -> str:
    """Return the first line of a report: the command, the date and the commit."""
    return f"Measured by `{command}` on {machine['at'][:10]} at commit {machine['commit']}"


def hardware(machine: Machine) -> str:
    return f"{machine['cores']} cores ({machine['processor']}), {machine['memory_gib']} GiB"


def listed_versions(machine: Machine) -> str:
    return ", ".join(f"{name} {number}" for name, number in machine["versions"].items())


def number_in(text: str) -> str:
    match = re.search(r"\d+(\.\d+)+", text)
    return match[0] if match else ""


def output(*command: str) -> str:
    """Return what a command prints; an empty text if the command fails or does not exist."""
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except OSError:
        return ""
    return (done.stdout or done.stderr).strip() if done.returncode == 0 else ""


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    names = re.findall(r"model name\s*: (.*)", info.read_text()) if info.exists() else []
    return names[0] if names else platform.processor()
