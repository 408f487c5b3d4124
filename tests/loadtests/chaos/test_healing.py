"""Faults are healed even if a command fails once. Only the event loop's thread reads clients."""

import threading
from types import SimpleNamespace
from typing import Any

import pytest

from loadtests.chaos.faults.clients import ClientNetwork
from loadtests.chaos.faults.links import applied
from loadtests.chaos.network import NetworkError
from loadtests.chaos.network_rules import Rate

LIMITED = "qdisc tbf 8001: root"


class FakeHost:
    """A host with a limited link. `failing` says how many of its next commands fail."""

    def __init__(self, failing: int = 0) -> None:
        self.limited, self.failing, self.port = True, failing, "to-1"

    def run(self, *command: str, input: str = "") -> str:
        if self.failing:
            self.failing -= 1
            raise NetworkError("tc failed")
        if "replace" in command or "del" in command:
            self.limited = "replace" in command
        return LIMITED if self.limited else ""


def rate(host: FakeHost, switch: FakeHost) -> Rate:
    return Rate(host, switch, 64)  # type: ignore[arg-type]  # `Rate` only runs commands on it


@pytest.mark.parametrize("broken", [0, 1])
def test_both_ends_of_a_cable_are_healed_although_one_fails(broken: int) -> None:
    ends = [FakeHost(), FakeHost()]
    ends[broken].failing = 1
    with pytest.raises(NetworkError):
        rate(*ends).heal()
    assert [end.limited for end in ends] == [broken == 0, broken == 1]


async def test_healing_is_tried_once_more_and_the_first_error_is_reported() -> None:
    ends = [FakeHost(), FakeHost()]
    with pytest.raises(NetworkError, match="tc failed"):
        async with applied(rate(*ends)):
            ends[0].failing = 1
    assert not any(end.limited for end in ends)


class FakeClient:
    """A client that notes in which threads it is read."""

    def __init__(self, port: int | None, threads: set[int]) -> None:
        self._port, self._threads = port, threads

    @property
    def port(self) -> int | None:
        self._threads.add(threading.get_ident())
        return self._port

    @property
    def connected(self) -> bool:
        return self.port is not None


async def test_affected_clients_are_chosen_in_the_event_loop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """If another thread read a client, the client could lose its socket in the meantime."""
    threads, ran_in = set[int](), list[int]()
    here, elsewhere, away = (FakeClient(port, threads) for port in (41, 42, None))
    deployment: Any = SimpleNamespace(nginx=None, host_of=lambda server: None)
    context: Any = SimpleNamespace(
        deployment=deployment, victim=0, clients=lambda: [here, elsewhere, away]
    )

    def ports(network: ClientNetwork) -> set[int]:
        ran_in.append(threading.get_ident())
        return {41}

    monkeypatch.setattr(ClientNetwork, "ports", ports)
    affected: list[object] = [*await ClientNetwork(context).possibly_affected()]
    assert affected == [here, away]
    assert threads == {threading.get_ident()}
    assert threading.get_ident() not in ran_in
