"""Buffers read marks, so that a replica writes them every few seconds in one transaction."""

import asyncio
import logging

from django.conf import settings

from hubbub.chat.actions import read_marks
from hubbub.realtime.db.executors import DATABASE_UNAVAILABLE, run_action

logger = logging.getLogger(__name__)


class ReadMarkBuffer:
    def __init__(self) -> None:
        self._marks: dict[tuple[int, int], int] = {}  # (user id, room id): number

    def add(self, user_id: int, room_id: int, number: int) -> None:
        """Buffer a user's read mark in a room. It is lost if the replica crashes."""
        key = user_id, room_id
        self._marks[key] = max(number, self._marks.get(key, 0))

    async def flush(self) -> None:
        """Write the buffered marks. The action notifies the users' other connections."""
        marks, self._marks = self._marks, {}
        try:
            await run_action(read_marks.mark, marks)
        except Exception:
            for (user_id, room_id), number in marks.items():
                self.add(user_id, room_id, number)
            raise

    async def run(self) -> None:
        while True:
            await asyncio.sleep(settings.READ_FLUSH_SECONDS)
            try:
                await self.flush()
            except DATABASE_UNAVAILABLE:
                logger.debug("The database is unavailable; read marks stay buffered.")
