"""Starts one server of each kind for all of these tests."""

from collections.abc import Iterator

import pytest

from tests.realtime.server.servers import Ours, Stock


@pytest.fixture(scope="session")
def ours() -> Iterator[Ours]:
    with Ours() as server:
        yield server


@pytest.fixture(scope="session")
def stock() -> Iterator[Stock]:
    with Stock() as server:
        yield server
