"""Each function that the walk-throughs in docs/architecture.md name exists."""

import re
from importlib import import_module

import pytest

from loadtests.lib.servers.process import ROOT
from tests.docs.markdown import section

ARCHITECTURE = ROOT / "docs/architecture.md"
WALKS = (
    "A message from its sender to the log",
    "An event from Redis to a socket",
    "A subscription",
    "An edit over REST",
)
# A step is a numbered line that starts with a qualified name in backticks: module, colon, name.
STEP = re.compile(r"^\d+\. `([\w.]+):([\w.]+)`", re.MULTILINE)


def steps(walk: str) -> list[tuple[str, str]]:
    return STEP.findall(section(ARCHITECTURE, f"### {walk}"))


@pytest.mark.parametrize("walk", WALKS)
def test_every_function_of_a_walk_exists(walk: str) -> None:
    assert len(steps(walk)) >= 4
    for module, name in steps(walk):
        found: object = import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
        assert callable(found), f"{module}:{name}"


@pytest.mark.parametrize("walk", WALKS)
def test_every_step_of_a_walk_names_a_function(walk: str) -> None:
    numbered = re.findall(r"^\d+\. ", section(ARCHITECTURE, f"### {walk}"), re.MULTILINE)
    assert len(numbered) == len(steps(walk))


def test_an_event_reaches_a_socket_in_at_most_eight_functions() -> None:
    assert len(steps("An event from Redis to a socket")) <= 8
