"""What the tests of deployments share: the engine found, the image built once.

Each test is on its own what its platform's users do. Started by `make test-deploy` only.
"""

from pathlib import Path

import pytest

from tests.deploy.engine import Engine, find_engine

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
