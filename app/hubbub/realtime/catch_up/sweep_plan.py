"""Decides which logs a sweep compares and which it reads. Pure: `CatchUp` does the work.

A log is *unreliable* while the bus cannot be trusted to deliver its entries: its group has not been
joined yet, or the bus is lost on its host. Such logs are compared more often and read immediately.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from hubbub.chat.log_entries import WORKSPACE_LOG
from hubbub.chat.log_positions import LogPositions
from hubbub.realtime.delivery.followed_log import FollowedLog


@dataclass(frozen=True, slots=True)
class SweepPlan:
    """The logs and rooms that a sweep compares with the database.

    `seqs` maps each log to the seq that it had before the database was asked.
    """

    seqs: Mapping[FollowedLog, int | None]
    # Rooms whose positions are read, including rooms that may need a bump.
    room_ids: Collection[int]
    read_all: bool  # read missing entries without waiting for the bus


@dataclass(frozen=True, slots=True)
class ReadPlan:
    """Logs to read, each with the seq to read up to.

    The logs in `now` are read immediately, the others only if the bus does not deliver in time.
    """

    now: Mapping[FollowedLog, int]
    after_grace: Mapping[FollowedLog, int]


def plan_sweep(
    logs: Sequence[FollowedLog],
    unreliable: Collection[FollowedLog],
    member_room_ids: Collection[int],
    *,
    is_full: bool,
    read_all: bool,
) -> SweepPlan:
    """Plan to compare all logs in a full sweep, otherwise only the unreliable ones.

    A full sweep also covers rooms that no user has open here, to send bumps to their members.
    """
    compared = logs if is_full else [log for log in logs if log in unreliable]
    room_ids = {log.id for log in compared} - {WORKSPACE_LOG}
    if is_full:
        room_ids |= set(member_room_ids)
    return SweepPlan({log: log.seq for log in compared}, room_ids, read_all)


def log_ends(positions: LogPositions) -> dict[int, int]:
    """Return the last seq of each log, by the log's id."""
    rooms = {room_id: seq for room_id, (seq, _) in positions.rooms.items()}
    return rooms | {WORKSPACE_LOG: positions.workspace}


def plan_reads(
    plan: SweepPlan, ends: Mapping[int, int], unreliable: Collection[FollowedLog]
) -> ReadPlan:
    """Plan to read unreliable logs now, and the others once the bus has had time to deliver.

    Under load, every busy room always has a bus message that has not arrived yet. Reading those
    events from the log as well would cost more than writing them did.
    """
    behind = {log: ends.get(log.id, 0) for log in plan.seqs if log.is_behind(ends.get(log.id, 0))}
    now = {log: end for log, end in behind.items() if plan.read_all or log in unreliable}
    return ReadPlan(now, {log: end for log, end in behind.items() if log not in now})
