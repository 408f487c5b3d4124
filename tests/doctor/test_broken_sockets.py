"""Each check of WebSockets turns red for just the fault that it looks for."""

import re

import pytest

from hubbub.version import RELEASE
from tests.doctor.deployment import Deployment
from tests.doctor.faulty_proxy import Change, Fault, with_header, without_header

pytestmark = pytest.mark.deployment
OTHER_ADDRESS = "http://chat.invalid"


def test_a_proxy_that_does_not_pass_websockets_on_is_red(deployment: Deployment) -> None:
    with deployment.proxy.with_fault(Fault(request=without_header(b"Upgrade"))):
        report = deployment.run_doctor()
    assert report.with_status("red") == ["replicas"]
    assert "Upgrade and Connection headers" in report.messages["replicas"]
    assert {"messages", "bus", "origin"} < {*report.with_status("grey")}


def test_a_single_replica_is_yellow(deployment: Deployment) -> None:
    with deployment.proxy.in_front_of(deployment.ports()[0]):
        report = deployment.run_doctor()
    assert report.statuses["replicas"] == "yellow"
    assert report.statuses["messages"] == "green"


def test_messages_that_do_not_arrive_are_red(deployment: Deployment) -> None:
    with deployment.proxy.with_fault(Fault(frames=without(b"message.created"))):
        report = deployment.run_doctor("--quick", "--timeout=2")
    assert report.with_status("red") == ["messages"], report.messages
    assert "timed out" in report.messages["messages"]


def test_replicas_that_do_not_reach_each_other_are_red(deployment: Deployment) -> None:
    with (
        deployment.replica(REDIS_PREFIX="another") as other,
        deployment.proxy.in_front_of(deployment.ports()[0], other.port),
    ):
        report = deployment.run_doctor()
    assert report.with_status("red") == ["bus"], report.messages
    assert "REDIS_PREFIX" in report.messages["bus"]
    # Messages still arrive, but a little later, because the replicas read them from the log.
    assert report.statuses["messages"] == "green"


@pytest.mark.parametrize("version", ["0.0.9", f"{RELEASE}+g0a1b2c3d"])
def test_a_replica_of_another_version_or_revision_is_red(
    deployment: Deployment, version: str
) -> None:
    settings = {"DJANGO_SETTINGS_MODULE": "tests.doctor.other_version", "OTHER_VERSION": version}
    with (
        deployment.replica(**settings) as other,
        deployment.proxy.in_front_of(deployment.ports()[0], other.port),
    ):
        report = deployment.run_doctor()
    assert report.with_status("red") == ["versions"], report.messages
    assert version in report.messages["versions"]


def test_a_replica_with_a_wrong_clock_is_red(deployment: Deployment) -> None:
    with (
        deployment.replica(DJANGO_SETTINGS_MODULE="tests.doctor.wrong_clock") as other,
        deployment.proxy.in_front_of(deployment.ports()[0], other.port),
    ):
        report = deployment.run_doctor()
    assert report.with_status("red") == ["clocks"], report.messages
    [ahead] = re.findall(r"\+(\d+\.\d) s", report.messages["clocks"])
    assert 20 < float(ahead) <= 30  # 30 s minus the time that the message took


def test_a_proxy_that_rewrites_foreign_origins_is_red(deployment: Deployment) -> None:
    own = with_header(b"Origin", deployment.proxy.url.encode())
    with deployment.proxy.with_fault(Fault(request=own)):
        report = deployment.run_doctor()
    assert report.with_status("red") == ["origin"], report.messages


def test_replicas_with_another_public_address_are_red(deployment: Deployment) -> None:
    with (
        deployment.replica(PUBLIC_URL=OTHER_ADDRESS) as other,
        deployment.proxy.in_front_of(other.port),
    ):
        report = deployment.run_doctor()
    assert report.with_status("red") == ["replicas"], report.messages
    assert "another PUBLIC_URL than this Origin" in report.messages["replicas"]


def test_a_proxy_that_closes_idle_websockets_is_red(deployment: Deployment) -> None:
    with deployment.proxy.with_fault(Fault(idle_seconds=0.7)):
        report = deployment.run_doctor("--timeout=5")
    assert "idle" in report.with_status("red"), report.messages
    assert "PING_INTERVAL_SECONDS=1" in report.messages["idle"]


def test_a_proxy_that_drops_pings_is_red(deployment: Deployment) -> None:
    with deployment.proxy.with_fault(Fault(frames=without_pings)):
        report = deployment.run_doctor("--timeout=5")
    assert report.with_status("red") == ["idle"], report.messages
    assert "No ping" in report.messages["idle"]


def test_a_ping_interval_too_long_for_most_proxies_is_yellow(deployment: Deployment) -> None:
    """The replica's `welcome` states the interval, so the doctor does not wait for a ping."""
    with (
        deployment.replica(PING_INTERVAL_SECONDS="55") as slow,
        deployment.proxy.in_front_of(slow.port),
    ):
        assert deployment.run_doctor().statuses["idle"] == "yellow"


def without(text: bytes) -> Change:
    """Return a change that drops frames that contain this text."""
    return lambda data: b"" if text in data else data


def without_pings(data: bytes) -> bytes:
    return b"" if data[:1] == b"\x89" else data
