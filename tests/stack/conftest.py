"""All tests that do not break the stack share one. The other tests start their own.

The first stack collects the static files, and the others get a copy.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from loadtests.lib.servers.stack import RunningStack
from tests.cluster.stage import ENVIRONMENT
from tests.stack.deployed_stage import DeployedStage
from tests.stack.frontend import Frontend
from tests.stack.traffic import report_silences

HERE = Path(__file__).parent
MakeStack = Callable[..., RunningStack]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.deployment)
            item.add_marker(pytest.mark.timeout(400))


@pytest.fixture(scope="session")
def stack() -> Iterator[RunningStack]:
    """Return the shared stack, with two replicas."""
    with RunningStack(**ENVIRONMENT) as stack:
        yield stack


@pytest.fixture(scope="session")
def stage(stack: RunningStack, tmp_path_factory: pytest.TempPathFactory) -> DeployedStage:
    return DeployedStage(stack, tmp_path_factory.mktemp("sessions"))


@pytest.fixture
def make_stack(stack: RunningStack) -> Iterator[MakeStack]:
    """Return a function that creates a stack without starting it.

    The stack is removed at the end of the test.
    """
    with ExitStack() as stacks:

        def make(**environment: str) -> RunningStack:
            own = RunningStack(**environment)
            stacks.callback(own.close)
            shutil.copytree(stack.folder / "stack/static", own.folder / "stack/static")
            return own

        yield make


@pytest.fixture
def frontend() -> Iterator[Frontend]:
    """Return an nginx with the stack's templates, in front of backends that echo requests."""
    with Frontend() as frontend:
        yield frontend


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    report_silences(terminalreporter)
