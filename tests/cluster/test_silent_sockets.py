"""A socket on which nothing is heard any more is closed; one that only answers pings is not."""

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

PING_INTERVAL_SECONDS = 3  # Daphne looks every two seconds
WATCHED_SECONDS = 15
PING, CLOSE = b"\x89", b"\x88"
SILENT_TOO_LONG = struct.pack(">H", 4003)

pytestmark = pytest.mark.deployment


@pytest.fixture
def stage(postgres: Postgres, redis: Redis, tmp_path: Path) -> Iterator[Stage]:
    environment = ENVIRONMENT | {"PING_INTERVAL_SECONDS": str(PING_INTERVAL_SECONDS)}
    with Cluster(replicas=1, postgres=postgres, redis=redis, environment=environment) as cluster:
        yield Stage(cluster, tmp_path, user_count=1)


async def test_who_answers_no_pings_is_closed_and_who_does_is_not(stage: Stage) -> None:
    began = time.monotonic()
    silent, alive = await asyncio.gather(lives(stage, answers=False), lives(stage, answers=True))
    assert silent is not None
    assert silent - began > 1.5 * PING_INTERVAL_SECONDS
    assert alive is None


async def lives(stage: Stage, *, answers: bool) -> float | None:
    """Return when the server closed a socket with 4003; None where it outlives the test."""
    reader, writer = await asyncio.open_connection(*stage.address(0).split(":"))
    [person] = stage.users(1)
    own = {"Origin": f"http://{stage.address(0)}", "Sec-WebSocket-Protocol": "hubbub.v1"}
    writer.write(handshake(stage.address(0), "/ws/", own | person.headers))
    try:
        async with asyncio.timeout(WATCHED_SECONDS):
            await reader.readuntil(b"\r\n\r\n")
            while True:
                head, payload = await read_frame(reader)
                if head == CLOSE:
                    assert payload == SILENT_TOO_LONG
                    return time.monotonic()
                if head == PING and answers:
                    writer.write(frame(payload, PONG))
    except TimeoutError:
        return None
    finally:
        writer.close()
