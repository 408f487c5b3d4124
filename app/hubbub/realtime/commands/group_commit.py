"""Group commit: a replica saves the sends that arrive during one transaction in the next one.

There is no timer: a single message commits immediately. One thread with one database connection
writes the main queue. A room whose row stays locked by another transaction is written by other
threads, from its own queue, so that it delays no other room (docs/decisions/0003).
"""

import asyncio
import time
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from django.conf import settings

from hubbub.chat.actions.batch_statements import LockWait
from hubbub.chat.actions.send import send_many
from hubbub.chat.actions.send_batch import Draft, Outcome, RoomLocked
from hubbub.chat.models import Message
from hubbub.observability import metrics
from hubbub.observability.logs import empty_context
from hubbub.realtime.commands.fair_queue import QueuedSend
from hubbub.realtime.commands.send_queues import SendQueues
from hubbub.realtime.db.executors import close_connections, run_in_thread

MAX_BATCH = 200
LOCKED_ROOM_THREADS = 2


class GroupCommit:
    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="group-commit")
        self._locked_room_executor = ThreadPoolExecutor(
            LOCKED_ROOM_THREADS, thread_name_prefix="locked-room"
        )
        self._queues = SendQueues()
        self._task: asyncio.Task[None] | None = None
        self._locked_room_tasks: set[asyncio.Task[None]] = set()

    async def send(self, draft: Draft) -> Message:
        """Save a draft and return its message. One user's sends to one room keep their order.

        Raises the action's errors, and TimeoutError: immediately if too many sends are queued,
        otherwise after QUERY_TIMEOUT_SECONDS. After the timeout the outcome is unknown; a send that
        was still queued is never saved.
        """
        self._queues.ensure_space(draft.sender_id)
        send = QueuedSend.of(draft)
        self._queues.add(send)
        if self._task is None and self._queues.main:
            self._task = _create_task(self._write_main_queue())
        async with asyncio.timeout(settings.QUERY_TIMEOUT_SECONDS):
            return await send.result

    async def close(self) -> None:
        """Write everything that is queued, then stop the threads."""
        while self._task or self._locked_room_tasks:
            await asyncio.wait([each for each in (self._task, *self._locked_room_tasks) if each])
        for executor, threads in (
            (self._executor, 1),
            (self._locked_room_executor, LOCKED_ROOM_THREADS),
        ):
            await close_connections(executor, threads)
            executor.shutdown()

    async def _write_main_queue(self) -> None:
        queue = self._queues.main
        try:
            while queue:
                blocked = await self._write(queue.take(MAX_BATCH), self._executor, LockWait.SHORT)
                for room_id in self._queues.lock_rooms(blocked):
                    task = _create_task(self._write_locked_room(room_id))
                    self._locked_room_tasks.add(task)
                    task.add_done_callback(self._locked_room_tasks.discard)
        finally:
            self._task = None

    async def _write_locked_room(self, room_id: int) -> None:
        queue = self._queues.locked_rooms[room_id]
        while queue:
            await self._write(queue.take(MAX_BATCH), self._locked_room_executor, LockWait.FULL)
        self._queues.unlock_room(room_id)

    async def _write(
        self, batch: Sequence[QueuedSend], executor: ThreadPoolExecutor, locking: LockWait
    ) -> list[QueuedSend]:
        """Save a batch in one transaction. Return the sends whose rooms were locked.

        Sends whose callers no longer wait are not saved.
        """
        batch = [send for send in batch if not send.result.done()]
        if not batch:
            return []
        outcomes = await _save([send.draft for send in batch], executor, locking)
        blocked = []
        for send, outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, RoomLocked):
                blocked.append(send)
            else:
                _resolve(send.result, outcome)
        return blocked


async def _save(
    drafts: Sequence[Draft], executor: ThreadPoolExecutor, locking: LockWait
) -> Sequence[Outcome]:
    started = time.monotonic()
    outcomes: Sequence[Outcome]
    try:
        outcomes = await run_in_thread(executor, partial(send_many, drafts, locking))
    except Exception as error:
        outcomes = [error] * len(drafts)
    metrics.send_batch_messages.observe(len(drafts))
    metrics.send_batch_seconds.observe(time.monotonic() - started)
    return outcomes


def _resolve(result: "asyncio.Future[Message]", outcome: Outcome) -> None:
    if result.done():
        return
    if isinstance(outcome, Exception):
        result.set_exception(outcome)
    else:
        result.set_result(outcome)


def _create_task(work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
    """Start a task for many users: its log lines must not name the user whose send started it."""
    return asyncio.get_running_loop().create_task(work, context=empty_context())
