"""Where the event logs end, and the epoch that identifies them.

Every replica reads these positions every two seconds, to find out which of its local rooms are
behind.
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from django.db import connection

from hubbub.chat.models import Room, Workspace
from hubbub.chat.models.workspace import WORKSPACE_ID

MAX_IDS_PER_QUERY = 1_000  # databases limit the number of parameters


@dataclass(frozen=True, slots=True)
class LogPositions:
    epoch: str
    workspace: int  # last seq of the workspace log
    rooms: dict[int, tuple[int, int]]  # room id: last seq, number of the last message


def read_log_positions(room_ids: Collection[int]) -> LogPositions:
    """Return the ends of the workspace log and of the rooms' logs; skip rooms that don't exist."""
    workspace = Workspace.objects.get(pk=WORKSPACE_ID)
    ids = sorted(room_ids)
    rooms: dict[int, tuple[int, int]] = {}
    for start in range(0, len(ids), MAX_IDS_PER_QUERY):
        rows = Room.objects.filter(pk__in=ids[start : start + MAX_IDS_PER_QUERY])
        rooms |= {
            id: (seq, number) for id, seq, number in rows.values_list("id", "seq", "messages")
        }
    return LogPositions(_epoch(workspace), workspace.seq, rooms)


def renew_epoch(old: str) -> None:
    """Give the logs a new epoch if their epoch is still `old`.

    A replica calls this when it finds a log that was rewound. Several replicas may do so at the
    same time.
    """
    workspace = Workspace.objects.get(pk=WORKSPACE_ID)
    if _epoch(workspace) == old:
        unchanged = Workspace.objects.filter(pk=WORKSPACE_ID, epoch=workspace.epoch)
        unchanged.update(epoch=Workspace().epoch)


def _epoch(workspace: Workspace) -> str:
    """Return the epoch. It changes when the database is restored, by whatever method."""
    name = f"{workspace.epoch} {_database_identity()}"
    return hashlib.sha256(name.encode()).hexdigest()[:16]


def _database_identity() -> str:
    """Return values that differ between a database and its copy. Skip those that cannot be read.

    PostgreSQL: the ids of the database and of the events table, which differ after a dump is
    restored, and the timeline, which changes with point-in-time recovery and with a failover.
    SQLite: the file's inode.
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
