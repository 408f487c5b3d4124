"""The private network of the fault tests: faults take effect, are counted, and can be healed."""

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
from tests.stack.private_network import needs_private_network

pytestmark = needs_private_network

HALF_A_MIB = 1 << 19
DETECTION_SECONDS = 18


@dataclass(frozen=True, slots=True)
class SmallNetwork:
    """Two hosts: the test runs on `here`, Redis on `there`."""

    net: Network
    here: NetworkHost
    there: NetworkHost
    redis: Redis

    def answers(self) -> bool:
        with suppress(OSError):
            return self.redis.answers()
        return False


@pytest.fixture
def network() -> Iterator[SmallNetwork]:
    with Network() as made:
        here, there = made.host("here"), made.host("there")
        with inside_host(here), Redis(there) as redis:
            yield SmallNetwork(made, here, there, redis)


def test_a_drop_fault_blocks_all_traffic_until_it_is_healed(network: SmallNetwork) -> None:
    cut = Drop(network.there, "cut")
    assert network.answers()
    cut.apply()
    assert not network.answers()
    assert cut.count() > 0
    cut.heal()
    assert network.answers()
    assert cut.count() == 0


def test_a_drop_fault_can_block_one_connection_only(network: SmallNetwork) -> None:
    address = network.here.address
    cut = Drop(network.there, "one_way", f"ip saddr {address}", f"ip daddr {address}")
    cut.apply()
    assert not network.answers()
    network.net.host("another").run(
        "redis-cli", "-h", network.there.address, *_at(network.redis), "ping"
    )
    cut.heal()


async def test_the_layer_receives_again_after_its_connection_was_lost_silently(
    network: SmallNetwork,
) -> None:
    """Neither side is notified, as if a firewall had forgotten the connection."""
    layer = RedisLayer(environment.layer_hosts([network.redis.url()]))
    channel = await layer.new_channel()
    await layer.group_add("room", channel)
    received = asyncio.create_task(layer.receive(channel))
    ports = ", ".join(str(port) for port in _ports_to(network))
    lost = (f"ip saddr {network.there.address} tcp dport {{ {ports} }}", f"tcp sport {{ {ports} }}")
    Drop(network.here, "lost", *lost).apply()
    async with asyncio.timeout(DETECTION_SECONDS):
        for number in count():
            if received.done():
                break
            # Keep joining groups and sending, so that there is unacknowledged data, which reveals
            # the lost connection.
            with suppress(Exception):
                async with asyncio.timeout(1):
                    await layer.group_add(f"room {number}", channel)
                    await layer.group_send("room", {"type": "ping"})
            await asyncio.wait([received], timeout=1)
    assert received.result() == {"type": "ping"}
    await layer.flush()


def test_packet_loss_drops_some_packets(network: SmallNetwork) -> None:
    loss = Drop(network.there, "loss", percent=30)
    loss.apply()
    wait_until(lambda: network.answers() and loss.count() > 0)
    loss.heal()


def test_a_rate_limit_delays_packets(network: SmallNetwork) -> None:
    rate = Rate(network.there, network.net.switch, 256)
    rate.apply()
    with socket.create_connection((network.there.address, network.redis.port), timeout=5) as client:
        client.sendall(b"*2\r\n$4\r\nPING\r\n$65536\r\n" + b"x" * 65_536 + b"\r\n")
        client.recv(10)
    assert rate.count() > 0
    rate.heal()
    assert rate.count() == 0


def test_a_delay_delivers_everything_later(network: SmallNetwork) -> None:
    far = Delay(network.there, network.net.switch, 100)
    far.apply()
    started = time.monotonic()
    with socket.create_connection((network.there.address, network.redis.port), timeout=5) as client:
        assert time.monotonic() - started >= 0.2
        client.sendall(b"*2\r\n$4\r\nECHO\r\n$200000\r\n" + b"x" * 200_000 + b"\r\n")
        with client.makefile("rb") as answer:
            assert answer.readline() == b"$200000\r\n"
            assert answer.readline() == b"x" * 200_000 + b"\r\n"
    far.heal()
    wait_until(lambda: _seconds_to_answer(network) < 0.2)


def test_healing_twice_is_harmless(network: SmallNetwork) -> None:
    rate, cut = Rate(network.there, network.net.switch, 256), Drop(network.there, "cut")
    far = Delay(network.there, network.net.switch, 100)
    far.apply()
    for _ in range(2):
        rate.heal()
        cut.heal()
        far.heal()
    assert network.answers()


def test_a_small_disk_fills_up_and_goes_away_with_its_host(
    network: SmallNetwork, tmp_path: Path
) -> None:
    network.there.mount_memory(tmp_path, 1, "root")
    file = network.there.path(tmp_path) / "filler"
    file.write_bytes(b"x" * HALF_A_MIB)
    with pytest.raises(OSError, match="No space left"):
        (network.there.path(tmp_path) / "more").write_bytes(b"x" * 2 * HALF_A_MIB)
    assert list(tmp_path.iterdir()) == []  # the disk is not visible outside the host


def test_the_network_has_no_route_to_the_outside(network: SmallNetwork) -> None:
    assert "default" not in network.there.run("ip", "route")
    with pytest.raises(OSError, match="unreachable"):
        socket.create_connection(("192.0.2.1", 80), timeout=5)


def _seconds_to_answer(network: SmallNetwork) -> float:
    started = time.monotonic()
    assert network.answers()
    return time.monotonic() - started


def _ports_to(network: SmallNetwork) -> set[str]:
    printed = network.here.run("ss", "-Htn", "state", "established", "dst", network.there.address)
    return set(re.findall(rf"{re.escape(network.here.address)}:(\d+)", printed))


def _at(redis: Redis) -> tuple[str, str]:
    return "-p", str(redis.port)
