"""A connection that is silent is closed; one that only answers pings is not."""

import asyncio
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from loadtests.lib.client.websocket_bytes import PONG, frame, handshake
from loadtests.lib.servers import Cluster, Postgres, Redis
from tests.cluster.stage import ENVIRONMENT, Stage
from tests.support.raw_socket import read_frame

PING_INTERVAL_SECONDS = 3  # Daphne checks its timeouts every two seconds
OBSERVED_SECONDS = 15
PING, CLOSE = b"\x89", b"\x88"
PING_TIMEOUT = struct.pack(">H", 4003)

pytestmark = pytest.mark.deployment


@pytest.fixture
def stage(postgres: Postgres, redis: Redis, tmp_path: Path) -> Iterator[Stage]:
    environment = ENVIRONMENT | {"PING_INTERVAL_SECONDS": str(PING_INTERVAL_SECONDS)}
    with Cluster(replicas=1, postgres=postgres, redis=redis, environment=environment) as cluster:
        yield Stage(cluster, tmp_path, user_count=1)


async def test_a_client_that_answers_no_pings_is_closed_and_one_that_does_is_not(
    stage: Stage,
) -> None:
    started = time.monotonic()
    silent, alive = await asyncio.gather(
        closed_at(stage, answers=False), closed_at(stage, answers=True)
    )
    assert silent is not None
    assert silent - started > 1.5 * PING_INTERVAL_SECONDS
    assert alive is None


async def closed_at(stage: Stage, *, answers: bool) -> float | None:
    """Return when the server closed a connection with 4003; None if the connection stays open."""
    reader, writer = await asyncio.open_connection(*stage.address(0).split(":"))
    [user] = stage.users(1)
    own = {"Origin": f"http://{stage.address(0)}", "Sec-WebSocket-Protocol": "hubbub.v1"}
    writer.write(handshake(stage.address(0), "/ws/", own | user.headers))
    try:
        async with asyncio.timeout(OBSERVED_SECONDS):
            await reader.readuntil(b"\r\n\r\n")
            while True:
                head, payload = await read_frame(reader)
                if head == CLOSE:
                    assert payload == PING_TIMEOUT
                    return time.monotonic()
                if head == PING and answers:
                    writer.write(frame(payload, PONG))
    except TimeoutError:
        return None
    finally:
        writer.close()
