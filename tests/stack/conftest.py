"""One stack for the tests that leave it as they found it; those of its life start their own.

The static files are collected once, by the first stack, and handed on.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from loadtests.lib.servers.stack import RunningStack
from tests.cluster.stage import ENVIRONMENT
from tests.stack.nginx_only import Front
from tests.stack.people import People
from tests.stack.traffic import tell_silences

HERE = Path(__file__).parent
MakeStack = Callable[..., RunningStack]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.deployment)
            item.add_marker(pytest.mark.timeout(400))


@pytest.fixture(scope="session")
def stack() -> Iterator[RunningStack]:
    """The stack that all share, with two replicas."""
    with RunningStack(**ENVIRONMENT) as stack:
        yield stack


@pytest.fixture(scope="session")
def people(stack: RunningStack, tmp_path_factory: pytest.TempPathFactory) -> People:
    return People(stack, tmp_path_factory.mktemp("sessions"))


@pytest.fixture
def make_stack(stack: RunningStack) -> Iterator[MakeStack]:
    """Return what makes a stack of one's own, not started yet; it is gone after the test."""
    with ExitStack() as made:

        def make(**environment: str) -> RunningStack:
            own = RunningStack(**environment)
            made.callback(own.close)
            shutil.copytree(stack.folder / "stack/static", own.folder / "stack/static")
            return own

        yield make


@pytest.fixture
def front() -> Iterator[Front]:
    """An nginx with the stack's templates before processes that only tell what reached them."""
    with Front() as front:
        yield front


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    tell_silences(terminalreporter)
