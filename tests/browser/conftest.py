"""All browser tests share one Chromium and one cluster. Each test opens its own windows.

Everything runs on the session's event loop, because Playwright's objects belong to one loop.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any, NamedTuple

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from loadtests.lib.servers import Cluster
from tests.browser.window import Window, open_browser, open_window
from tests.cluster.stage import ENVIRONMENT, Stage
from tests.conftest import POSTGRES, REDIS

OpenWindow = Callable[..., Awaitable[Window]]


class Pair(NamedTuple):
    """Two users in a room of their own, on two replicas (with `--embedded`, on one)."""

    room: int
    alice: Window
    bob: Window


@pytest.fixture(scope="session")
def stage(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    embedded = bool(request.config.getoption("embedded"))
    servers = request.config.stash
    with Cluster(
        embedded=embedded,
        postgres=servers[POSTGRES],
        redis=servers[REDIS],
        environment=ENVIRONMENT,
    ) as cluster:
        yield Stage(cluster, tmp_path_factory.mktemp("sessions"))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with open_browser() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def window(browser: Browser, stage: Stage) -> AsyncIterator[OpenWindow]:
    """Return a function that opens a user's window at a replica.

    At the end of the test, close all windows, and fail if a script in one of them failed.
    """
    opened: list[Window] = []
    async with AsyncExitStack() as contexts:

        async def open_for(username: str, replica: int = 0, **options: Any) -> Window:
            person = stage.user(username)
            opened.append(await open_window(browser, person, stage.address(replica), **options))
            contexts.push_async_callback(opened[-1].context.close)
            return opened[-1]

        yield open_for
    errors = [error for each in opened for error in each.errors]
    assert not errors, errors


@pytest_asyncio.fixture(loop_scope="session")
async def pair(window: OpenWindow, stage: Stage) -> Pair:
    """Return Alice and Bob with a room, and windows that have no page open yet."""
    room = stage.room([stage.user("alice"), stage.user("bob")])
    return Pair(room, await window("alice", 0), await window("bob", 1))


@pytest_asyncio.fixture(loop_scope="session")
async def live_pair(pair: Pair) -> Pair:
    """Return Alice and Bob, who both have the room open and are subscribed to it."""
    await pair.alice.open_live(pair.room)
    await pair.bob.open_live(pair.room)
    return pair
