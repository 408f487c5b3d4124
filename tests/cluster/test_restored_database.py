"""After the database is restored to an earlier state, clients and replicas start over."""

import asyncio

import pytest

from loadtests.lib.checker import final_views, format_violations
from loadtests.lib.client import Client, History
from tests.cluster.stage import Stage, bodies, opened

pytestmark = pytest.mark.deployment

RESTART_SECONDS = 15


async def test_lost_messages_disappear_from_every_page_and_chat_continues(stage: Stage) -> None:
    users = stage.users(4)
    room = stage.room(users)
    clients = [stage.client(user, number % 2) for number, user in enumerate(users)]
    async with opened(clients, room):
        epochs = {client.protocol.epoch for client in clients}
        await send_all(clients, room, "kept")
        await stage.settle(room, clients)
        await asyncio.to_thread(save, stage)
        await send_all(clients, room, "lost")
        await stage.settle(room, clients)
        await asyncio.to_thread(restore, stage)
        for client in clients:
            await client.wait_until(
                lambda: client.connected and "lost" not in " ".join(bodies(client, room)),
                within=RESTART_SECONDS,
            )
        await send_all(clients, room, "after")
        await stage.settle(room, clients)
        assert len({client.protocol.epoch for client in clients} | epochs) == 2
        assert len(bodies(clients[0], room)) == 2 * len(clients)
    assert_shown_as_logged(stage, clients)


async def test_lost_messages_disappear_even_when_new_ones_overtake_them_immediately(
    stage: Stage,
) -> None:
    users = stage.users(4)
    room = stage.room(users)
    clients = [stage.client(user, number % 2) for number, user in enumerate(users)]
    async with opened(clients, room):
        epochs = {client.protocol.epoch for client in clients}
        await send_all(clients, room, "kept")
        await asyncio.to_thread(save, stage)
        await send_all(clients[:1], room, "lost")
        await stage.settle(room, clients)
        await asyncio.to_thread(restore, stage)
        for number in range(20):
            await send_all(clients, room, f"after {number}")
        for client in clients:
            await client.wait_until(
                lambda: client.connected and client.protocol.epoch not in epochs,
                within=RESTART_SECONDS,
            )
        await stage.settle(room, clients, within=RESTART_SECONDS)
    assert_shown_as_logged(stage, clients)


async def send_all(clients: list[Client], room: int, text: str) -> None:
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
    """Check the clients' final views against the log.

    Frames from before the restore belong to another log, so the full histories cannot be checked.
    """
    log = stage.log()
    shown = []
    for client in clients:
        history = client.protocol.finish()
        shown.append(History(client.name, views=history.views, since=history.since))
    faults = [fault for history in shown for fault in final_views.check(history, log)]
    assert not faults, format_violations(faults)
    assert not final_views.check_equal(shown)
