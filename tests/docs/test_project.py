"""The project around the code: what it pins, names and promises stays true."""

import re
import stat
import subprocess
from functools import cache
from pathlib import Path

import pytest

from loadtests.lib.servers.process import ROOT

TEXT = {".md", ".py", ".txt", ".in", ".toml", ".html", ".js", ".css", ".yml", ".yaml", ".json", ""}
SECRETS = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_\w{36}|\bhub_[\w-]{43}\b"
)
LINKS = re.compile(r"\[[^]]*\]\((?!https?:|mailto:)([^)#\s]+)[^)]*\)")


@cache
def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    return [path for path in paths if path.is_file()]


def texts() -> list[tuple[Path, str]]:
    return [(path, path.read_text()) for path in tracked() if path.suffix in TEXT]


def test_no_secret_is_in_the_repository() -> None:
    names = {path.name for path in tracked()}
    assert not names & {".env", "secret_key", "hubbub.sqlite3"}
    assert not [path for path in tracked() if path.suffix in {".pem", ".key", ".p12"}]
    assert not [path for path, text in texts() if SECRETS.search(text)]


@pytest.mark.parametrize(
    "name", ["requirements.txt", "requirements-dev.txt", "requirements-deploy.txt"]
)
def test_requirements_are_pinned_and_name_no_place_to_get_them_from(name: str) -> None:
    lines = (ROOT / name).read_text().splitlines()
    pins = [line for line in lines if line and not line.lstrip().startswith("#")]
    assert pins
    for pin in pins:
        assert re.fullmatch(r"[a-z0-9][a-z0-9._-]*==[\w.]+( ; .+)?", pin)


@pytest.mark.parametrize("name", ["requirements", "requirements-dev", "requirements-deploy"])
def test_everything_that_is_required_is_pinned(name: str) -> None:
    wanted = re.findall(r"^[\w-]+", (ROOT / f"{name}.in").read_text(), re.MULTILINE)
    wanted = [one for one in wanted if not one.startswith("-")]
    pinned = set(re.findall(r"^[\w.-]+(?===)", (ROOT / f"{name}.txt").read_text(), re.MULTILINE))
    assert {one.lower() for one in wanted} <= pinned


def test_links_between_documents_lead_somewhere() -> None:
    for path, text in texts():
        if path.suffix == ".md":
            for link in LINKS.findall(text):
                assert (path.parent / link).exists(), f"{path.relative_to(ROOT)} links to {link}"


def test_documents_name_no_target_that_make_lacks() -> None:
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


def test_scripts_can_be_run() -> None:
    for path in (ROOT / ".ci/run", ROOT / "scripts/setup", ROOT / "scripts/install-servers"):
        assert path.stat().st_mode & stat.S_IXUSR
