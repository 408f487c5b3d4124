"""The two chats that are compared, each as two replicas on the same Postgres and Redis.

Both are real processes, as in a deployment; Postgres runs with fsync.
"""

import os
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg

from loadtests.servers import Place, Postgres, Redis
from loadtests.servers.place import manage
from loadtests.servers.process import HOST, ROOT, Server

REPLICAS = 2
TUTORIAL_DATABASE = "tutorial"
# The limits are checked for each message; one socket of the load sends more than a person would.
LIMITS = {
    "MESSAGES_BURST": "100000",
    "MESSAGES_PER_SECOND": "10000",
    "COMMANDS_BURST": "100000",
    "COMMANDS_PER_SECOND": "10000",
}


@dataclass(frozen=True, slots=True)
class Chat:
    """A running chat: where it is, and the processes whose CPU time counts."""

    name: str
    addresses: Sequence[str]
    pids: Sequence[int]
    identities: Sequence[str]  # one for each person; the tutorial knows none

    def places(self, sockets: int, rooms: Sequence[str]) -> list[tuple[str, str, str]]:
        """Return (address, room, identity) of so many sockets.

        The replicas take turns, and the rooms after each round of them: so that the members of a
        room are spread over all replicas.
        """
        count = len(self.addresses)
        return [
            (
                self.addresses[number % count],
                rooms[number // count % len(rooms)],
                self.identities[number] if self.identities else "",
            )
            for number in range(sockets)
        ]


class TutorialReplica(Server):
    name = "tutorial"

    def __init__(self, environment: Mapping[str, str]) -> None:
        super().__init__()
        self._environment = dict(environment)

    def command(self) -> list[str]:
        application = "loadtests.bench.tutorial.asgi:application"
        daphne = [sys.executable, "-m", "daphne", "-v", "0", "-b", HOST, "-p", str(self.port)]
        return [*daphne, application]

    def environment(self) -> Mapping[str, str]:
        return self._environment

    def answers(self) -> bool:
        with socket.create_connection((HOST, self.port), timeout=1):
            return True


@contextmanager
def tutorial(postgres: Postgres, redis: Redis) -> Iterator[Chat]:
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "DJANGO_SETTINGS_MODULE": "loadtests.bench.tutorial.settings",
        "DATABASE_URL": postgres.url(TUTORIAL_DATABASE),
        "REDIS_URL": redis.url(),
    }
    postgres.drop_database(TUTORIAL_DATABASE)
    postgres.create_database(TUTORIAL_DATABASE)
    manage(environment, "migrate", "--run-syncdb", "--verbosity=0")
    with TutorialReplica(environment) as first, TutorialReplica(environment) as second:
        replicas = (first, second)
        addresses = [f"{HOST}:{replica.port}" for replica in replicas]
        yield Chat("tutorial", addresses, [one.pid for one in (*replicas, redis)], [])


@contextmanager
def hubbub(postgres: Postgres, redis: Redis, people: int) -> Iterator[tuple[Chat, Place]]:
    place = Place(replicas=REPLICAS, postgres=postgres, redis=redis, environment=LIMITS)
    with place, TemporaryDirectory(prefix="hubbub-bench-") as folder:
        file = Path(folder) / "sessions"
        place.manage("seed", "--yes", "--users", str(people), "--sessions", str(file))
        addresses = [f"{HOST}:{replica.port}" for replica in place.replicas]
        pids = [one.pid for one in (*place.replicas, redis)]
        yield Chat("hubbub", addresses, pids, file.read_text().splitlines()), place


def make_rooms(place: Place, count: int, members_each: int, name: str = "bench") -> list[str]:
    """Make rooms for the crowd, `members_each` in a row of it in each; return their ids.

    By SQL, since a hundred rooms by hand would take longer than the load.
    """
    assert place.postgres is not None
    with psycopg.connect(place.postgres.url(place.name)) as connection:
        rows = connection.execute(
            "SELECT id FROM accounts_user WHERE username LIKE 'person-%%' ORDER BY username"
        ).fetchall()
        people = [person for (person,) in rows]
        return [
            _make_room(
                connection, f"{name} {number}", people[number * members_each :][:members_each]
            )
            for number in range(count)
        ]


def lobby_of(place: Place) -> str:
    assert place.postgres is not None
    [(lobby,)] = place.postgres.execute(
        "SELECT id FROM chat_room WHERE is_lobby", database=place.name
    )
    return str(lobby)


def _make_room(
    connection: psycopg.Connection[tuple[int]], name: str, members: Sequence[int]
) -> str:
    row = connection.execute(
        """
        INSERT INTO chat_room (kind, name, name_key, topic, is_lobby, seq, messages, members,
                               created_at)
        VALUES ('public', %s, %s, '', false, 0, 0, %s, now()) RETURNING id
        """,
        (name, name, len(members)),
    ).fetchone()
    assert row is not None
    connection.cursor().executemany(
        """
        INSERT INTO chat_membership (room_id, user_id, role, read, joined_at)
        VALUES (%s, %s, 'member', 0, now())
        """,
        [(row[0], member) for member in members],
    )
    return str(row[0])
