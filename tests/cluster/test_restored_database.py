"""A database restored to an earlier state: clients and hubs start anew by themselves."""

import asyncio

import pytest

from loadtests.lib.checker import final_views, format_violations
from loadtests.lib.client import Client, History
from tests.cluster.stage import Stage, bodies, opened

pytestmark = pytest.mark.deployment

ANEW_SECONDS = 15


async def test_what_was_lost_goes_from_every_page_and_talk_goes_on(stage: Stage) -> None:
    people = stage.users(4)
    room = stage.room(people)
    clients = [stage.client(person, number % 2) for number, person in enumerate(people)]
    async with opened(clients, room):
        epochs = {client.protocol.epoch for client in clients}
        await say(clients, room, "kept")
        await stage.settle(room, clients)
        await asyncio.to_thread(save, stage)
        await say(clients, room, "lost")
        await stage.settle(room, clients)
        await asyncio.to_thread(restore, stage)
        for client in clients:
            await client.wait_until(
                lambda: client.connected and "lost" not in " ".join(bodies(client, room)),
                within=ANEW_SECONDS,
            )
        await say(clients, room, "after")
        await stage.settle(room, clients)
        assert len({client.protocol.epoch for client in clients} | epochs) == 2
        assert len(bodies(clients[0], room)) == 2 * len(clients)
    assert_shown_as_logged(stage, clients)


async def test_also_when_talk_goes_on_at_once_and_overtakes_what_was_lost(stage: Stage) -> None:
    people = stage.users(4)
    room = stage.room(people)
    clients = [stage.client(person, number % 2) for number, person in enumerate(people)]
    async with opened(clients, room):
        epochs = {client.protocol.epoch for client in clients}
        await say(clients, room, "kept")
        await asyncio.to_thread(save, stage)
        await say(clients[:1], room, "lost")
        await stage.settle(room, clients)
        await asyncio.to_thread(restore, stage)
        for number in range(20):
            await say(clients, room, f"after {number}")
        for client in clients:
            await client.wait_until(
                lambda: client.connected and client.protocol.epoch not in epochs,
                within=ANEW_SECONDS,
            )
        await stage.settle(room, clients, within=ANEW_SECONDS)
    assert_shown_as_logged(stage, clients)


async def say(clients: list[Client], room: int, text: str) -> None:
    await asyncio.gather(*(client.send(room, f"{text}, {client.name}") for client in clients))


def save(stage: Stage) -> None:
    cluster = stage.cluster
    assert cluster.postgres
    cluster.postgres.drop_database(f"{cluster.name}_copy")
    cluster.postgres.create_database(f"{cluster.name}_copy", template=cluster.name)


def restore(stage: Stage) -> None:
    cluster = stage.cluster
    assert cluster.postgres
    cluster.postgres.restore_database(cluster.name, f"{cluster.name}_copy")


def assert_shown_as_logged(stage: Stage, clients: list[Client]) -> None:
    """Hold what is shown at the end against the log: what was told before is of another log."""
    log = stage.log()
    shown = []
    for client in clients:
        history = client.protocol.finish()
        shown.append(History(client.name, views=history.views, since=history.since))
    faults = [fault for history in shown for fault in final_views.check(history, log)]
    assert not faults, format_violations(faults)
    assert not final_views.check_equal(shown)
