"""Fixtures of the deployment tests: the container engine, the image and a running composition.

Only `make test-deploy` runs these tests.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.stage import ENVIRONMENT
from tests.deploy.platforms.compose import Composition
from tests.deploy.platforms.engine import Engine, find_engine
from tests.stack.deployed_stage import DeployedStage
from tests.stack.traffic import report_silences

HERE = Path(__file__).parent
IMAGE = "localhost/hubbub:tested"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.deployment)
            item.add_marker(pytest.mark.timeout(900))


@pytest.fixture(scope="session")
def engine() -> Engine:
    return find_engine()


@pytest.fixture(scope="session")
def image(engine: Engine) -> str:
    """Build the image once. Its layers stay in the engine's cache for the next run."""
    return engine.build(IMAGE)


@pytest.fixture(scope="session")
def composition(engine: Engine, image: str) -> Iterator[Composition]:
    """The running docker-compose.yml with three replicas, for all tests that do not break it."""
    load = {"USERS": "20", "RATE": "5", "SECONDS": "15"}
    with Composition(engine, image, REPLICAS="3", **load, **ENVIRONMENT) as composition:
        yield composition


@pytest.fixture(scope="session")
def stage(composition: Composition, tmp_path_factory: pytest.TempPathFactory) -> DeployedStage:
    return DeployedStage(composition, tmp_path_factory.mktemp("sessions"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    report_silences(terminalreporter)
