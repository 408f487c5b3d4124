"""The workspace log as one replica follows it: account events, applied to open connections."""

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from hubbub.chat.log_entries import WORKSPACE_LOG, LogEntry
from hubbub.realtime.delivery.account_events import AccountEvents
from hubbub.realtime.delivery.followed_log import FollowedLog
from hubbub.realtime.delivery.replay_buffer import ReplayBuffer
from hubbub.realtime.delivery.resequencer import Resequencer

logger = logging.getLogger(__name__)

# How many entries are kept: enough for all that arrive while a handshake reads the database.
BUFFER_ENTRIES = 1_000


@dataclass(eq=False, slots=True, kw_only=True)
class WorkspaceLog(FollowedLog):
    account_events: AccountEvents

    def receive(self, entries: Iterable[LogEntry], committed_at: float | None = None) -> None:
        now = time.monotonic()
        for entry in self.resequencer.receive(entries, now):
            try:
                self.account_events.apply(entry)
            except Exception:  # the next entry may be another user's ban or sign-out
                logger.exception("Could not apply entry %d of the workspace log.", entry.seq)
        self.report_gap(now)

    def may_concern(self, user_id: int, since: int) -> bool:
        """Return whether an entry after `since` concerns a user.

        Return True also if this is unknown, because the replay buffer does not go back to `since`.
        """
        entries = self.replay_buffer.since(since)
        return entries is None or any(entry.user == user_id for entry in entries)


def new_workspace_log(
    account_events: AccountEvents, on_gap: Callable[[FollowedLog], None]
) -> WorkspaceLog:
    resequencer = Resequencer(ReplayBuffer(BUFFER_ENTRIES))
    return WorkspaceLog(WORKSPACE_LOG, resequencer, on_gap, account_events=account_events)
