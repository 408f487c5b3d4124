"""A private net of hosts: what is done to it takes effect, is counted, and is gone once healed."""

import asyncio
import re
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from hubbub import environment
from hubbub.chat.redis_layer import RedisLayer
from loadtests.chaos.network import Network, NetworkHost, inside_host
from loadtests.chaos.network_rules import Delay, Drop, Rate
from loadtests.lib.servers import Redis
from loadtests.lib.servers.stack import wait_until
from tests.stack.hosts import needs_hosts

pytestmark = needs_hosts

HALF_A_MIB = 1 << 19
GIVEN_UP_SECONDS = 18


@dataclass(frozen=True, slots=True)
class Small:
    """A Redis on a host of its own, and us on another one."""

    net: Network
    here: NetworkHost
    there: NetworkHost
    redis: Redis

    def answers(self) -> bool:
        with suppress(OSError):
            return self.redis.answers()
        return False


@pytest.fixture
def small() -> Iterator[Small]:
    with Network() as made:
        here, there = made.host("here"), made.host("there")
        with inside_host(here), Redis(there) as redis:
            yield Small(made, here, there, redis)


def test_a_cut_cable_carries_nothing_until_it_is_healed(small: Small) -> None:
    cut = Drop(small.there, "cut")
    assert small.answers()
    cut.apply()
    assert not small.answers()
    assert cut.dropped() > 0
    cut.heal()
    assert small.answers()
    assert cut.dropped() == 0


def test_one_way_may_be_cut_and_no_other(small: Small) -> None:
    address = small.here.address
    cut = Drop(small.there, "one_way", f"ip saddr {address}", f"ip daddr {address}")
    cut.apply()
    assert not small.answers()
    small.net.host("another").run("redis-cli", "-h", small.there.address, *_at(small.redis), "ping")
    cut.heal()


async def test_the_layer_hears_again_after_its_connection_was_lost_unnoticed(small: Small) -> None:
    """Neither side is told, as where a firewall forgets: the layer finds out by itself, soon."""
    layer = RedisLayer(environment.layer_hosts([small.redis.url()]))
    channel = await layer.new_channel()
    await layer.group_add("room", channel)
    heard = asyncio.create_task(layer.receive(channel))
    ports = ", ".join(str(port) for port in _ports_to(small))
    lost = (f"ip saddr {small.there.address} tcp dport {{ {ports} }}", f"tcp sport {{ {ports} }}")
    Drop(small.here, "lost", *lost).apply()
    async with asyncio.timeout(GIVEN_UP_SECONDS):
        for number in count():
            if heard.done():
                break
            # Rooms are opened and messages sent meanwhile: so there is more than silence to notice.
            with suppress(Exception):
                async with asyncio.timeout(1):
                    await layer.group_add(f"room {number}", channel)
                    await layer.group_send("room", {"type": "there"})
            await asyncio.wait([heard], timeout=1)
    assert heard.result() == {"type": "there"}
    await layer.flush()


def test_a_lossy_cable_loses_some(small: Small) -> None:
    loss = Drop(small.there, "loss", percent=30)
    loss.apply()
    wait_until(lambda: small.answers() and loss.dropped() > 0)
    loss.heal()


def test_a_slow_cable_holds_back_what_is_too_much(small: Small) -> None:
    rate = Rate(small.there, small.net.switch, 256)
    rate.apply()
    with socket.create_connection((small.there.address, small.redis.port), timeout=5) as client:
        client.sendall(b"*2\r\n$4\r\nPING\r\n$65536\r\n" + b"x" * 65_536 + b"\r\n")
        client.recv(10)
    assert rate.held_back() > 0
    rate.heal()
    assert rate.held_back() == 0


def test_a_long_cable_brings_everything_a_while_later(small: Small) -> None:
    far = Delay(small.there, small.net.switch, 100)
    far.apply()
    began = time.monotonic()
    with socket.create_connection((small.there.address, small.redis.port), timeout=5) as client:
        assert 0.2 <= time.monotonic() - began < 2
        client.sendall(b"*2\r\n$4\r\nECHO\r\n$200000\r\n" + b"x" * 200_000 + b"\r\n")
        with client.makefile("rb") as answer:
            assert answer.readline() == b"$200000\r\n"
            assert answer.readline() == b"x" * 200_000 + b"\r\n"
    far.heal()
    began = time.monotonic()
    assert small.answers()
    assert time.monotonic() - began < 0.2


def test_healing_twice_is_healing_once(small: Small) -> None:
    rate, cut = Rate(small.there, small.net.switch, 256), Drop(small.there, "cut")
    far = Delay(small.there, small.net.switch, 100)
    far.apply()
    for _ in range(2):
        rate.heal()
        cut.heal()
        far.heal()
    assert small.answers()


def test_a_small_disk_is_full_and_gone_with_its_host(small: Small, tmp_path: Path) -> None:
    small.there.mount_memory(tmp_path, 1, "root")
    file = small.there.path(tmp_path) / "filler"
    file.write_bytes(b"x" * HALF_A_MIB)
    with pytest.raises(OSError, match="No space left"):
        (small.there.path(tmp_path) / "more").write_bytes(b"x" * 2 * HALF_A_MIB)
    assert list(tmp_path.iterdir()) == []  # nobody else sees it


def test_the_net_leads_nowhere_else(small: Small) -> None:
    assert "default" not in small.there.run("ip", "route")
    with pytest.raises(OSError, match="unreachable"):
        socket.create_connection(("192.0.2.1", 80), timeout=5)


def _ports_to(small: Small) -> set[str]:
    told = small.here.run("ss", "-Htn", "state", "established", "dst", small.there.address)
    return set(re.findall(rf"{re.escape(small.here.address)}:(\d+)", told))


def _at(redis: Redis) -> tuple[str, str]:
    return "-p", str(redis.port)
