"""Read marks on their way to the database: at most every few seconds, all in one transaction."""

import asyncio
import logging

from django.conf import settings

from hubbub.chat.actions import read_marks
from hubbub.realtime.db.executors import DATABASE_UNAVAILABLE, run_action

logger = logging.getLogger(__name__)


class ReadMarkBuffer:
    def __init__(self) -> None:
        self._waiting: dict[tuple[int, int], int] = {}  # (user id, room id): number

    def add(self, user_id: int, room_id: int, number: int) -> None:
        """Note that a person has read a room up to a message; written soon, unless we die first."""
        key = user_id, room_id
        self._waiting[key] = max(number, self._waiting.get(key, 0))

    async def flush(self) -> None:
        """Write what waits; the action tells the people's other tabs and devices."""
        waiting, self._waiting = self._waiting, {}
        try:
            await run_action(read_marks.mark, waiting)
        except Exception:
            for (user_id, room_id), number in waiting.items():
                self.add(user_id, room_id, number)
            raise

    async def run(self) -> None:
        while True:
            await asyncio.sleep(settings.READ_FLUSH_SECONDS)
            try:
                await self.flush()
            except DATABASE_UNAVAILABLE:
                logger.debug("The database does not answer; read marks wait.")
