"""Detects that the database was restored or replaced, which invalidates all positions. Pure.

In each sweep `CatchUp` makes both checks. If one is true, it makes all clients start over.
"""

from collections.abc import Mapping

from hubbub.chat.log_positions import LogPositions
from hubbub.realtime.catch_up.sweep_plan import SweepPlan
from hubbub.realtime.delivery.followed_log import FollowedLog


def is_database_replaced(followed_epoch: str, positions: LogPositions) -> bool:
    """Return whether the logs belong to another epoch than the one that the replica follows."""
    return followed_epoch not in ("", positions.epoch)


def find_rewound_log(plan: SweepPlan, ends: Mapping[int, int]) -> FollowedLog | None:
    """Return a log that now ends before its last delivered entry, or None.

    Such a log means that the database was restored.
    """
    for log, seq in plan.seqs.items():
        if seq is not None and seq > ends.get(log.id, -1):
            return log
    return None
