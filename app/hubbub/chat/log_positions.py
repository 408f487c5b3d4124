"""Where the logs end, and which logs they are: asked by every hub every two seconds."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from django.db import connection

from hubbub.chat.models import Room, Workspace
from hubbub.chat.models.workspace import WORKSPACE_ID

CHUNK = 1_000  # ids in one query: databases bound the parameters


@dataclass(frozen=True, slots=True)
class Heads:
    epoch: str
    place: int  # last seq of the place's log
    rooms: dict[int, tuple[int, int]]  # room id: last seq, last message's number


def read_heads(room_ids: Collection[int]) -> Heads:
    """Return the last seq of the place's log and of rooms; rooms that do not exist are left out."""
    place = Workspace.objects.get(pk=WORKSPACE_ID)
    ids = sorted(room_ids)
    rooms: dict[int, tuple[int, int]] = {}
    for start in range(0, len(ids), CHUNK):
        rows = Room.objects.filter(pk__in=ids[start : start + CHUNK])
        rooms |= {
            id: (seq, number) for id, seq, number in rows.values_list("id", "seq", "messages")
        }
    return Heads(_epoch(place), place.seq, rooms)


def renew_epoch(known: str) -> None:
    """Give the log a new name, unless somebody else did: called by who finds that it went back."""
    place = Workspace.objects.get(pk=WORKSPACE_ID)
    if _epoch(place) == known:
        Workspace.objects.filter(pk=WORKSPACE_ID, epoch=place.epoch).update(epoch=Workspace().epoch)


def _epoch(place: Workspace) -> str:
    """Return the log's name: it changes with a restored database, whoever restored it how."""
    name = f"{place.epoch} {_database_identity()}"
    return hashlib.sha256(name.encode()).hexdigest()[:16]


def _database_identity() -> str:
    """Return what no copy of a database shares with it, as far as the database tells.

    PostgreSQL: the ids of the database and of the events' table, which a restored dump gets anew,
    and the timeline, which recovery to a point in time and a failover begin.
    """
    if connection.vendor != "postgresql":
        file = Path(connection.settings_dict["NAME"])
        return str(file.stat().st_ino) if file.is_file() else ""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT d.oid, 'chat_event'::regclass::oid, c.timeline_id"
            " FROM pg_database d, pg_control_checkpoint() c WHERE d.datname = current_database()"
        )
        return str(cursor.fetchone())
