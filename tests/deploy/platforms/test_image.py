"""The image: its size, its user, its contents and its commands."""

import json
import re
from typing import Any

import pytest

from hubbub.version import RELEASE, read_version
from loadtests.lib.servers.process import ROOT
from tests.deploy.platforms.engine import Engine, call, checked, tool

# The flags that a strict platform would set. /dev/shm exists in any case.
LOCKED = ("--rm", "--read-only", "--tmpfs=/tmp", "--cap-drop=ALL", "--network=none")
STATED_MB = re.compile(r"slim` plus (\d+) MB")
MEGABYTE = 1_000_000


def test_hadolint_accepts_the_dockerfile() -> None:
    checked(call([tool("hadolint"), "--failure-threshold", "style", str(ROOT / "Dockerfile")]))


def test_it_is_labelled_with_its_version(engine: Engine, image: str) -> None:
    labels = inspected(engine, image)["Config"]["Labels"]
    assert labels["org.opencontainers.image.version"] == RELEASE


def test_its_version_contains_the_git_revision(engine: Engine, image: str) -> None:
    program = "from hubbub.version import read_version; print(read_version())"
    printed = engine.run("run", *LOCKED, "--entrypoint=python", image, "-c", program)
    assert printed.strip() == read_version()


def test_it_does_not_run_as_root(engine: Engine, image: str) -> None:
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", inspected(engine, image)["Config"]["User"])
    printed = engine.run("run", *LOCKED, "--entrypoint=id", image, "-u")
    assert int(printed) > 0


def test_its_size_is_the_documented_one(engine: Engine, image: str) -> None:
    own = inspected(engine, image)["Size"] - inspected(engine, "python:3.13-slim")["Size"]
    stated = STATED_MB.search((ROOT / "docs/operations.md").read_text())
    assert stated is not None
    assert own / MEGABYTE == pytest.approx(int(stated[1]), rel=0.1)


def test_it_contains_no_secrets_and_no_tests(engine: Engine, image: str) -> None:
    printed = engine.run(
        "run", *LOCKED, "--entrypoint=find", image, "/srv/hubbub", "-maxdepth", "2"
    )
    names = {line.removeprefix("/srv/hubbub/") for line in printed.splitlines()} - {"/srv/hubbub"}
    assert {name.partition("/")[0] for name in names} == {"app", "deploy", "staticfiles"}
    assert "SECRET_KEY" not in json.dumps(inspected(engine, image)["Config"]["Env"])


def test_its_static_files_are_hashed_and_compressed(engine: Engine, image: str) -> None:
    printed = engine.run(
        "run", *LOCKED, "--entrypoint=find", image, "staticfiles", "-name", "*.css*"
    )
    names = printed.split()
    hashed = [name for name in names if re.search(r"\.[0-9a-f]{12}\.css$", name)]
    assert hashed
    for name in hashed:
        assert {f"{name}.gz", f"{name}.br"} & set(names), name


def test_its_help_lists_all_commands(engine: Engine, image: str) -> None:
    printed = engine.run("run", *LOCKED, image)
    script = (ROOT / "deploy/image/hubbub").read_text()
    commands = set(re.findall(r"^([a-z-]+)\)$", script, re.MULTILINE))
    assert commands
    for command in commands | {"migrate", "prune", "doctor", "owner"}:
        assert re.search(rf"^  (.*; )?{command}\b", printed, re.MULTILINE), command


@pytest.mark.parametrize("command", ["web", "realtime", "migrate", "prune", "doctor"])
def test_without_a_database_it_exits_with_an_error_message(
    engine: Engine, image: str, command: str
) -> None:
    done = engine.attempt("run", *LOCKED, image, command)
    assert done.returncode != 0
    assert "Can't create Hubbub's data directory" in done.stderr
    assert "Traceback" not in done.stderr


def inspected(engine: Engine, image: str) -> Any:
    return json.loads(engine.run("image", "inspect", image))[0]
