"""Each check of sockets is red for a deployment that is broken in just that way."""

import pytest

from tests.doctor.deployment import Patient
from tests.doctor.faulty_proxy import Change, Fault, with_header, without_header

pytestmark = pytest.mark.deployment
ELSEWHERE = "http://chat.invalid"


def test_a_proxy_that_does_not_pass_sockets_on(patient: Patient) -> None:
    with patient.front.broken(Fault(request=without_header(b"Upgrade"))):
        seen = patient.examine()
    assert seen.of("red") == ["replicas"]
    assert "Upgrade and Connection headers" in seen.said["replicas"]
    assert {"messages", "bus", "origin"} < {*seen.of("grey")}


def test_one_replica_alone_is_yellow(patient: Patient) -> None:
    with patient.front.before(patient.ports()[0]):
        seen = patient.examine()
    assert seen.colours["replicas"] == "yellow"
    assert seen.colours["messages"] == "green"


def test_messages_that_do_not_arrive(patient: Patient) -> None:
    with patient.front.broken(Fault(frames=without(b"message.created"))):
        seen = patient.examine("--quick", "--timeout=2")
    assert seen.of("red") == ["messages"], seen.said
    assert "nothing came in time" in seen.said["messages"]


def test_replicas_that_do_not_hear_each_other(patient: Patient) -> None:
    with (
        patient.replica(REDIS_PREFIX="another") as other,
        patient.front.before(patient.ports()[0], other.port),
    ):
        seen = patient.examine()
    assert seen.of("red") == ["bus"], seen.said
    assert "REDIS_PREFIX" in seen.said["bus"]
    assert seen.colours["messages"] == "green"  # the log brings them, later


def test_a_replica_of_another_version(patient: Patient) -> None:
    with (
        patient.replica(DJANGO_SETTINGS_MODULE="tests.doctor.other_version") as other,
        patient.front.before(patient.ports()[0], other.port),
    ):
        seen = patient.examine()
    assert seen.of("red") == ["versions"], seen.said
    assert "0.0.9" in seen.said["versions"]


def test_a_replica_whose_clock_is_wrong(patient: Patient) -> None:
    with (
        patient.replica(DJANGO_SETTINGS_MODULE="tests.doctor.wrong_clock") as other,
        patient.front.before(patient.ports()[0], other.port),
    ):
        seen = patient.examine()
    assert seen.of("red") == ["clocks"], seen.said
    assert "+30.0 s" in seen.said["clocks"] or "+29.9 s" in seen.said["clocks"]


def test_a_proxy_that_lets_foreign_pages_in(patient: Patient) -> None:
    own = with_header(b"Origin", patient.front.url.encode())
    with patient.front.broken(Fault(request=own)):
        seen = patient.examine()
    assert seen.of("red") == ["origin"], seen.said


def test_replicas_that_know_another_public_address(patient: Patient) -> None:
    with patient.replica(PUBLIC_URL=ELSEWHERE) as other, patient.front.before(other.port):
        seen = patient.examine()
    assert seen.of("red") == ["replicas"], seen.said
    assert "Origin is not PUBLIC_URL" in seen.said["replicas"]


def test_a_proxy_that_cuts_silent_sockets(patient: Patient) -> None:
    with patient.front.broken(Fault(idle_seconds=0.7)):
        seen = patient.examine("--timeout=5")
    assert "idle" in seen.of("red"), seen.said
    assert "PING_INTERVAL_SECONDS=1" in seen.said["idle"]


def test_a_proxy_that_keeps_pings_back(patient: Patient) -> None:
    with patient.front.broken(Fault(frames=without_pings)):
        seen = patient.examine("--timeout=5")
    assert seen.of("red") == ["idle"], seen.said
    assert "No ping" in seen.said["idle"]


def test_a_heartbeat_that_most_proxies_cut_is_yellow(patient: Patient) -> None:
    """Not waited for: what the replica says is enough to see it."""
    with patient.replica(PING_INTERVAL_SECONDS="55") as slow, patient.front.before(slow.port):
        assert patient.examine().colours["idle"] == "yellow"


def without(mark: bytes) -> Change:
    """Return a change that lets frames with `mark` in them go."""
    return lambda data: b"" if mark in data else data


def without_pings(data: bytes) -> bytes:
    return b"" if data[:1] == b"\x89" else data
