"""Checks the files around the code: no secrets, pinned requirements, the Makefile, the scripts."""

import re
import stat
import subprocess
from pathlib import Path

import pytest

from loadtests.lib.servers.process import ROOT
from tests.docs.markdown import tracked_files

TEXT = {".md", ".py", ".txt", ".in", ".toml", ".html", ".js", ".css", ".yml", ".yaml", ".json", ""}
SECRETS = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_\w{36}|\bhub_[\w-]{43}\b"
)


def texts() -> list[tuple[Path, str]]:
    return [(path, path.read_text()) for path in tracked_files() if path.suffix in TEXT]


def test_the_repository_contains_no_secrets() -> None:
    names = {path.name for path in tracked_files()}
    assert not names & {".env", "secret_key", "hubbub.sqlite3"}
    assert not [path for path in tracked_files() if path.suffix in {".pem", ".key", ".p12"}]
    assert not [path for path, text in texts() if SECRETS.search(text)]


@pytest.mark.parametrize(
    "name", ["requirements.txt", "requirements-dev.txt", "requirements-deploy.txt"]
)
def test_requirements_are_pinned_and_name_no_package_index(name: str) -> None:
    lines = (ROOT / name).read_text().splitlines()
    pins = [line for line in lines if line and not line.lstrip().startswith("#")]
    assert pins
    for pin in pins:
        assert re.fullmatch(r"[a-z0-9][a-z0-9._-]*==[\w.]+( ; .+)?", pin)


@pytest.mark.parametrize("name", ["requirements", "requirements-dev", "requirements-deploy"])
def test_every_direct_requirement_is_pinned(name: str) -> None:
    direct = re.findall(r"^[\w-]+", (ROOT / f"{name}.in").read_text(), re.MULTILINE)
    direct = [name for name in direct if not name.startswith("-")]
    pinned = set(re.findall(r"^[\w.-]+(?===)", (ROOT / f"{name}.txt").read_text(), re.MULTILINE))
    assert {name.lower() for name in direct} <= pinned


def test_documents_name_only_existing_make_targets() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for path, text in texts():
        if path.suffix == ".md" and path.parent.name != "decisions":
            named = set(re.findall(r"`make ([a-z-]+)", text))
            assert named <= targets, path.relative_to(ROOT)


def test_make_help_describes_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = re.findall(r"^([a-z-]+):", makefile, re.MULTILINE)
    assert "run" in targets
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    described = re.findall(r"^  make ([a-z-]+) ", shown.stdout, re.MULTILINE)
    assert sorted(described) == sorted(targets)


def test_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


def test_scripts_are_executable() -> None:
    for path in (ROOT / ".ci/run", ROOT / "scripts/setup", ROOT / "scripts/install-servers"):
        assert path.stat().st_mode & stat.S_IXUSR
