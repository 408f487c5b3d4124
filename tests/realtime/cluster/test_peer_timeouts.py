"""A peer that sends nothing for PEER_TIMEOUT_SECONDS expires. A heartbeat renews its timeout."""

import pytest
from pytest_django import Settings

from hubbub.realtime.cluster.peer_timeouts import PeerTimeouts


@pytest.fixture
def timeouts(settings: Settings) -> PeerTimeouts:
    settings.PEER_TIMEOUT_SECONDS = 10
    return PeerTimeouts()


def test_a_peer_that_sends_no_heartbeat_expires_once(timeouts: PeerTimeouts) -> None:
    timeouts.start("a", now=0)
    timeouts.start("a", now=9)  # other messages do not renew the timeout
    assert timeouts.take_expired(now=10) == []
    assert timeouts.take_expired(now=10.1) == ["a"]
    assert timeouts.take_expired(now=20) == []


def test_a_heartbeat_renews_the_timeout(timeouts: PeerTimeouts) -> None:
    timeouts.renew("a", now=0)
    timeouts.renew("b", now=0)
    timeouts.renew("a", now=9)
    assert timeouts.take_expired(now=15) == ["b"]


def test_all_timeouts_start_again_after_the_bus_was_lost(timeouts: PeerTimeouts) -> None:
    timeouts.renew("a", now=0)
    timeouts.renew_all(now=9)
    assert timeouts.take_expired(now=15) == []
    assert timeouts.take_expired(now=19.1) == ["a"]
