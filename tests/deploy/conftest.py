"""What the tests of deployments share: the engine found, the image built once, one composition.

Each test is on its own what its platform's users do. Started by `make test-deploy` only.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.stage import ENVIRONMENT
from tests.deploy.compose import Composition
from tests.deploy.engine import Engine, find_engine
from tests.stack.people import People
from tests.stack.traffic import tell_silences

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
    """The image that everything runs, built once; its layers stay for the next time."""
    return engine.build(IMAGE)


@pytest.fixture(scope="session")
def composition(engine: Engine, image: str) -> Iterator[Composition]:
    """docker-compose.yml with three replicas, for all tests that leave it as they found it."""
    load = {"USERS": "20", "RATE": "5", "SECONDS": "15"}
    with Composition(engine, image, REPLICAS="3", **load, **ENVIRONMENT) as composition:
        yield composition


@pytest.fixture(scope="session")
def people(composition: Composition, tmp_path_factory: pytest.TempPathFactory) -> People:
    return People(composition, tmp_path_factory.mktemp("sessions"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    tell_silences(terminalreporter)
