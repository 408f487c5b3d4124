"""The writer: a replica's sends, whatever arrived while the last transaction ran in the next one.

Group commit without a timer: a lone message commits at once. One thread and one connection for all
rooms; a room that somebody else holds locked gets a lane of its own, so that it delays nobody else,
and what comes for it meanwhile waits there in order.
"""

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from django.conf import settings

from hubbub.chat.actions.batch_statements import Locking
from hubbub.chat.actions.send import send_many
from hubbub.chat.actions.send_batch import Draft, Outcome, RoomLocked
from hubbub.chat.models import Message
from hubbub.observability import metrics
from hubbub.observability.logs import about_nobody
from hubbub.realtime.commands.fair_queue import Line, Waiting, arrive
from hubbub.realtime.db.executors import close_connections, run

MAX_BATCH = 200
MAX_WAITING = 5_000
MAX_WAITING_OF_ONE = 1_000  # so that nobody fills the line alone
LOCKED_ROOM_THREADS = 2


class GroupCommit:
    def __init__(self) -> None:
        self._main = ThreadPoolExecutor(1, thread_name_prefix="writer")
        self._beside = ThreadPoolExecutor(LOCKED_ROOM_THREADS, thread_name_prefix="writer-lane")
        self._line = Line()
        self._lanes: dict[int, Line] = {}  # room id: what waits for its lock
        self._task: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def send(self, draft: Draft) -> Message:
        """Save a draft and return its message. What one person sends into one room keeps its order.

        Raises what the action raises, and TimeoutError: at once when too much waits already, else
        after QUERY_TIMEOUT_SECONDS. Then nobody knows whether it was saved, unless its turn had
        not come, in which case it is not.
        """
        self._ensure_place(draft)
        waiting = arrive(draft)
        self._put(waiting)
        async with asyncio.timeout(settings.QUERY_TIMEOUT_SECONDS):
            return await waiting.answer

    async def close(self) -> None:
        """End once everything that was put in is written."""
        while self._task or self._tasks:
            await asyncio.wait([task for task in (self._task, *self._tasks) if task])
        for executor, threads in ((self._main, 1), (self._beside, LOCKED_ROOM_THREADS)):
            await close_connections(executor, threads)
            executor.shutdown()

    def _ensure_place(self, draft: Draft) -> None:
        lines = (self._line, *self._lanes.values())
        if (
            sum(map(len, lines)) >= MAX_WAITING
            or sum(line.length_of(draft.sender_id) for line in lines) >= MAX_WAITING_OF_ONE
        ):
            raise TimeoutError

    def _put(self, waiting: Waiting) -> None:
        lane = self._lanes.get(waiting.draft.room_id)
        if lane is not None:
            lane.put(waiting)
            return
        self._line.put(waiting)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(
                self._write_all(), context=about_nobody()
            )

    async def _write_all(self) -> None:
        try:
            while self._line:
                batch = self._line.take(MAX_BATCH)
                self._to_lanes(await self._write(batch, self._main, Locking.BRIEF))
        finally:
            self._task = None

    async def _write(
        self, batch: Sequence[Waiting], executor: ThreadPoolExecutor, locking: Locking
    ) -> list[Waiting]:
        """Write a batch and answer it; return what has to wait for its room's lock."""
        batch = [waiting for waiting in batch if not waiting.answer.done()]
        if not batch:
            return []
        drafts = [waiting.draft for waiting in batch]
        outcomes: Sequence[Outcome]
        began = time.monotonic()
        try:
            outcomes = await run(executor, partial(send_many, drafts, locking))
        except Exception as error:
            outcomes = [error] * len(batch)
        metrics.send_batch_messages.observe(len(batch))
        metrics.send_batch_seconds.observe(time.monotonic() - began)
        late = []
        for waiting, outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, RoomLocked):
                late.append(waiting)
            else:
                _answer(waiting.answer, outcome)
        return late

    def _to_lanes(self, late: list[Waiting]) -> None:
        """Give the rooms of `late` lanes, with whatever already waits behind in the same rooms."""
        rooms = {waiting.draft.room_id for waiting in late}
        behind = self._line.take_rooms(rooms) if rooms else []
        for waiting in (*late, *behind):
            self._lanes.setdefault(waiting.draft.room_id, Line()).put(waiting)
        for room_id in rooms:
            work = self._write_lane(room_id)
            task = asyncio.get_running_loop().create_task(work, context=about_nobody())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _write_lane(self, room_id: int) -> None:
        lane = self._lanes[room_id]
        while lane:
            await self._write(lane.take(MAX_BATCH), self._beside, Locking.PATIENT)
        del self._lanes[room_id]


def _answer(future: "asyncio.Future[Message]", outcome: Outcome) -> None:
    if future.done():
        return
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
