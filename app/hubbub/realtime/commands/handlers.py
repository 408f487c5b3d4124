"""Runs the commands of one connection; HANDLERS names the method for each command.

`receive` never waits: a command that needs the database runs in its own task while later commands
are processed, and its answer carries the command's `ref`. Sends go to the group commit, other
changes to an action in the thread pool. `protocol.errors` translates errors into problems.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final, TypeAlias

from django.conf import settings
from django.utils.translation import gettext as _

from hubbub.chat import rate_limits
from hubbub.chat.actions import messages
from hubbub.chat.actions.send_batch import Draft
from hubbub.chat.publisher import group_for_log, publisher
from hubbub.chat.serializers import serialize_message
from hubbub.realtime.commands.services import CommandServices
from hubbub.realtime.connections.bad_frames import BadFrames
from hubbub.realtime.connections.connection import Connection
from hubbub.realtime.db.executors import DATABASE_UNAVAILABLE, run_action, run_query
from hubbub.realtime.protocol.errors import problem_for
from hubbub.realtime.protocol.json_frames import (
    CommandProblem,
    Delete,
    Edit,
    Ping,
    Read,
    Ref,
    Send,
    Subscribe,
    Typing,
    Unsubscribe,
    answer,
    parse,
    problem_frame,
)
from hubbub.realtime.subscriptions.room_access import read_room_access
from hubbub.realtime.subscriptions.subscribe import SubscribeRequest, ensure_member

TYPING_SECONDS = 3.0
# A connection's subscribes and unsubscribes run one after the other. While this many of them wait
# or run, further ones are refused. The limit for unsubscribes is higher, because clients do not
# repeat a refused unsubscribe.
MAX_QUEUED_SUBSCRIBES, MAX_QUEUED_UNSUBSCRIBES = 20, 100
RETRY_AFTER_SECONDS = 1.0


class Commands:
    """Runs the commands of one connection."""

    def __init__(self, services: CommandServices, connection: Connection) -> None:
        self.services, self.hub, self.connection = services, services.hub, connection
        self.bad_frames = BadFrames()

    def receive(self, text: str | None) -> None:
        """Run the command of one frame, or answer with a problem. Never raises.

        Frames that arrive after we closed the connection are ignored.
        """
        if self.connection.closed:
            return
        ref: Ref = None
        try:
            ref, command = parse(text)
            rate_limits.commands.take(self.connection.user_id)
            self.bad_frames.accept()
            if self.hub.traffic_observer is not None:
                self.hub.traffic_observer.received(self.connection, command)
            HANDLERS[type(command)](self, command, ref)
        except CommandProblem as problem:
            problem.ref = ref if problem.ref is None else problem.ref
            self._refuse(problem)
        except Exception as error:
            self._refuse(problem_for(error, ref))

    def ping(self, command: Ping, ref: Ref) -> None:
        self.connection.write(answer("pong", ref))

    def subscribe(self, command: Subscribe, ref: Ref) -> None:
        if len(command.rooms) > settings.MAX_ROOMS_PER_SUBSCRIBE:
            detail = _("Subscribe to at most %d rooms at once.") % settings.MAX_ROOMS_PER_SUBSCRIBE
            raise CommandProblem("invalid", detail)
        positions = {int(room_id): position for room_id, position in command.rooms.items()}
        self._run_in_order(ref, partial(self._subscribe, positions, ref), MAX_QUEUED_SUBSCRIBES)

    async def _subscribe(self, positions: dict[int, int | None], ref: Ref) -> None:
        async with self.connection.subscription_lock:
            if len(self.connection.rooms | positions.keys()) > settings.MAX_ROOMS_PER_CONNECTION:
                detail = _("You can have at most %d rooms open at once.")
                raise CommandProblem("invalid", detail % settings.MAX_ROOMS_PER_CONNECTION, ref=ref)
            request = SubscribeRequest(self.hub, self.services.catch_up, self.connection, ref)
            await request.run(positions)

    def unsubscribe(self, command: Unsubscribe, ref: Ref) -> None:
        work = partial(self._unsubscribe, command.room, ref)
        self._run_in_order(ref, work, MAX_QUEUED_UNSUBSCRIBES)

    async def _unsubscribe(self, room_id: int, ref: Ref) -> None:
        async with self.connection.subscription_lock:
            self.hub.unsubscribe(self.connection, room_id)
            self.connection.write(answer("ok", ref))

    def send_message(self, command: Send, ref: Ref) -> None:
        rate_limits.messages.take(self.connection.user_id)
        draft = Draft(
            self.connection.user_id, command.room, command.nonce, command.body, command.reply_to
        )
        self._run(ref, self._send_message(draft, ref))

    async def _send_message(self, draft: Draft, ref: Ref) -> None:
        message = await self.services.group_commit.send(draft)
        self.services.read_marks.add(draft.sender_id, message.room_id, message.number)
        self.connection.write(answer("ok", ref, message=serialize_message(message)))

    def edit_message(self, command: Edit, ref: Ref) -> None:
        rate_limits.messages.take(self.connection.user_id)
        self._run(ref, self._edit_message(command, ref))

    async def _edit_message(self, command: Edit, ref: Ref) -> None:
        user = self.connection.identity.user
        message = await run_action(
            messages.edit, user, message_id=command.message, body=command.body
        )
        self.connection.write(answer("ok", ref, message=serialize_message(message)))

    def delete_message(self, command: Delete, ref: Ref) -> None:
        self._run(ref, self._delete_message(command, ref))

    async def _delete_message(self, command: Delete, ref: Ref) -> None:
        user = self.connection.identity.user
        await run_action(messages.delete, user, message_id=command.message)
        self.connection.write(answer("ok", ref))

    def mark_read(self, command: Read, ref: Ref) -> None:
        self._run_as_member(command.room, ref, partial(self._mark_read, command, ref))

    def _mark_read(self, command: Read, ref: Ref) -> None:
        self.services.read_marks.add(self.connection.user_id, command.room, command.number)
        self.connection.write(answer("ok", ref))

    def typing(self, command: Typing, ref: Ref) -> None:
        self._run_as_member(command.room, ref, partial(self._publish_typing, command.room))

    def _publish_typing(self, room_id: int) -> None:
        """Publish that the user is typing, at most once every TYPING_SECONDS."""
        user = self.hub.connections.users.get(self.connection.user_id)
        now = time.monotonic()
        if user and now - user.typing_sent_at.get(room_id, -TYPING_SECONDS) >= TYPING_SECONDS:
            user.typing_sent_at[room_id] = now
            typist = {"id": self.connection.user_id, "name": self.connection.name}
            message = {"type": "typing", "room": room_id, "user": typist}
            publisher.publish(group_for_log(room_id), message)

    def _refuse(self, problem: CommandProblem) -> None:
        """Answer with a problem, and close the connection of a client that ignores problems."""
        self.connection.write(problem_frame(problem))
        code = self.bad_frames.refuse(problem)
        if code is not None:
            self.connection.close(code)

    def _run_as_member(self, room_id: int, ref: Ref, work: Callable[[], None]) -> None:
        """Run `work` at once if the hub knows that the user is a member; else ask the database."""
        user = self.hub.connections.users.get(self.connection.user_id)
        if user is not None and room_id in user.room_ids:
            work()
        else:
            self._run(ref, self._check_membership_and_run(room_id, work))

    async def _check_membership_and_run(self, room_id: int, work: Callable[[], None]) -> None:
        access = await run_query(read_room_access, self.connection.user_id, [room_id])
        try:
            ensure_member(access.get(room_id))
        except CommandProblem as problem:
            problem.room = room_id
            raise
        work()

    def _run_in_order(self, ref: Ref, work: Callable[[], Awaitable[None]], limit: int) -> None:
        """Run a subscribe or unsubscribe after the earlier ones.

        Raises RateLimited if `limit` of them wait or run already.
        """
        if self.connection.subscription_commands >= limit:
            raise rate_limits.RateLimited(RETRY_AFTER_SECONDS)
        self.connection.subscription_commands += 1
        self._run(ref, work()).add_done_callback(self._count_finished)

    def _count_finished(self, task: object) -> None:
        self.connection.subscription_commands -= 1

    def _run(self, ref: Ref, work: Awaitable[None]) -> "asyncio.Task[None]":
        return self.connection.spawn(self._report_errors(ref, work))

    async def _report_errors(self, ref: Ref, work: Awaitable[None]) -> None:
        try:
            await work
        except Exception as error:
            if isinstance(error, DATABASE_UNAVAILABLE):
                # The change may have been committed; the sweep then finds it in the log.
                self.hub.sweeps.request_sweep()
            self.connection.write(problem_frame(problem_for(error, ref)))


Handler: TypeAlias = Callable[[Commands, Any, Ref], None]

HANDLERS: Final[dict[type, Handler]] = {
    Ping: Commands.ping,
    Subscribe: Commands.subscribe,
    Unsubscribe: Commands.unsubscribe,
    Send: Commands.send_message,
    Edit: Commands.edit_message,
    Delete: Commands.delete_message,
    Read: Commands.mark_read,
    Typing: Commands.typing,
}
