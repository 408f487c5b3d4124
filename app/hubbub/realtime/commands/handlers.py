"""What each command does: sends go to the writer, everything else to an action in the pool.

`carry_out` never waits: what a command waits for runs beside the commands that follow, and its
answer carries the command's `ref`. Errors become the protocol's problems in `problems`, once.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial, singledispatchmethod
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from hubbub.chat import rate_limits
from hubbub.chat.actions import messages
from hubbub.chat.actions.send_batch import Draft
from hubbub.chat.publisher import group_of, publisher
from hubbub.chat.serializers import message_frame
from hubbub.realtime.connections.connection import Connection
from hubbub.realtime.db.executors import DATABASE_UNAVAILABLE, run_action, run_query
from hubbub.realtime.lifecycle.replica import Replica
from hubbub.realtime.protocol import close_codes
from hubbub.realtime.protocol import messages as protocol
from hubbub.realtime.protocol.errors import problem_for
from hubbub.realtime.protocol.messages import Problem, Ref, answer, problem_frame
from hubbub.realtime.subscriptions.room_access import read_standings
from hubbub.realtime.subscriptions.subscribe import Subscribing, ensure_member

TYPING_SECONDS = 3.0
# Subscribes and unsubscribes of a socket are carried out one after the other. So many may wait for
# another subscribe to be taken, and for another unsubscribe, which is not asked for twice.
MAX_SUBSCRIBES_WAITING, MAX_TURNS_WAITING = 20, 100
# After which one that was refused is tried again.
TURN_SECONDS = 1.0


class Commands:
    """The commands of one socket."""

    def __init__(self, replica: Replica, connection: Connection) -> None:
        self.replica, self.hub, self.connection = replica, replica.hub, connection

    def receive(self, text: str | None) -> None:
        """Take one frame: carry it out, or answer with a problem. Never raises.

        What comes after our own close is nobody's any more.
        """
        if self.connection.closed:
            return
        ref: Ref = None
        try:
            ref, command = protocol.parse(text)
            rate_limits.commands.take(self.connection.user_id)
            self.connection.bad_frames = 0
            if self.hub.traffic_observer is not None:
                self.hub.traffic_observer.received(self.connection, command)
            self._carry_out(command, ref)
        except Problem as problem:
            problem.ref = ref if problem.ref is None else problem.ref
            self._refuse(problem)
        except Exception as error:
            self._refuse(problem_for(error, ref))

    def _refuse(self, problem: Problem) -> None:
        """Answer with a problem. Who goes on as if there were none is sent away."""
        connection = self.connection
        connection.write(problem_frame(problem))
        connection.bad_frames += problem.is_malformed
        if connection.bad_frames >= settings.MAX_BAD_FRAMES:
            connection.close(close_codes.BAD_FRAMES)
        elif connection.floods(time.monotonic()):
            connection.close(close_codes.FLOODING)

    @singledispatchmethod
    def _carry_out(self, command: Any, ref: Ref) -> None:
        raise TypeError(command)

    @_carry_out.register
    def _(self, command: protocol.Ping, ref: Ref) -> None:
        self.connection.write(answer("pong", ref))

    @_carry_out.register
    def _(self, command: protocol.Subscribe, ref: Ref) -> None:
        if len(command.rooms) > settings.MAX_ROOMS_PER_SUBSCRIBE:
            detail = _("Subscribe to at most %d rooms at once.") % settings.MAX_ROOMS_PER_SUBSCRIBE
            raise Problem("invalid", detail)
        positions = {int(room): position for room, position in command.rooms.items()}
        self._in_turn(ref, partial(self._subscribe, positions, ref), MAX_SUBSCRIBES_WAITING)

    async def _subscribe(self, positions: dict[int, int | None], ref: Ref) -> None:
        async with self.connection.subscribing:
            if len(self.connection.rooms | positions.keys()) > settings.MAX_ROOMS_PER_CONNECTION:
                detail = _("You can have at most %d rooms open at once.")
                raise Problem("invalid", detail % settings.MAX_ROOMS_PER_CONNECTION, ref=ref)
            await Subscribing(self.hub, self.replica.follower, self.connection, ref).run(positions)

    @_carry_out.register
    def _(self, command: protocol.Unsubscribe, ref: Ref) -> None:
        self._in_turn(ref, partial(self._unsubscribe, command.room, ref), MAX_TURNS_WAITING)

    async def _unsubscribe(self, room_id: int, ref: Ref) -> None:
        async with self.connection.subscribing:
            self.hub.unsubscribe(self.connection, room_id)
            self.connection.write(answer("ok", ref))

    @_carry_out.register
    def _(self, command: protocol.Send, ref: Ref) -> None:
        rate_limits.messages.take(self.connection.user_id)
        draft = Draft(
            self.connection.user_id, command.room, command.nonce, command.body, command.reply_to
        )
        self._answer_later(ref, self._send(draft, ref))

    async def _send(self, draft: Draft, ref: Ref) -> None:
        message = await self.hub.group_commit.send(draft)
        self.replica.read_marks.add(draft.sender_id, message.room_id, message.number)
        self.connection.write(answer("ok", ref, message=message_frame(message)))

    @_carry_out.register
    def _(self, command: protocol.Edit, ref: Ref) -> None:
        rate_limits.messages.take(self.connection.user_id)
        self._answer_later(ref, self._edit(command, ref))

    async def _edit(self, command: protocol.Edit, ref: Ref) -> None:
        message = await run_action(
            messages.edit,
            self.connection.identity.user,
            message_id=command.message,
            body=command.body,
        )
        self.connection.write(answer("ok", ref, message=message_frame(message)))

    @_carry_out.register
    def _(self, command: protocol.Delete, ref: Ref) -> None:
        self._answer_later(ref, self._delete(command, ref))

    async def _delete(self, command: protocol.Delete, ref: Ref) -> None:
        user = self.connection.identity.user
        await run_action(messages.delete, user, message_id=command.message)
        self.connection.write(answer("ok", ref))

    @_carry_out.register
    def _(self, command: protocol.Read, ref: Ref) -> None:
        self._as_member(command.room, ref, partial(self._read, command, ref))

    def _read(self, command: protocol.Read, ref: Ref) -> None:
        self.replica.read_marks.add(self.connection.user_id, command.room, command.number)
        self.connection.write(answer("ok", ref))

    @_carry_out.register
    def _(self, command: protocol.Typing, ref: Ref) -> None:
        self._as_member(command.room, ref, partial(self._type, command.room))

    def _type(self, room_id: int) -> None:
        person = self.hub.people.get(self.connection.user_id)
        now = time.monotonic()
        if person and now - person.typed.get(room_id, -TYPING_SECONDS) >= TYPING_SECONDS:
            person.typed[room_id] = now
            user = {"id": self.connection.user_id, "name": self.connection.name}
            message = {"type": "typing", "room": room_id, "user": user}
            publisher.publish(group_of(room_id), message)

    def _as_member(self, room_id: int, ref: Ref, act: Callable[[], None]) -> None:
        """Act at once in a room that the person is known to be in; else ask the database first."""
        person = self.hub.people.get(self.connection.user_id)
        if person is not None and room_id in person.rooms:
            act()
        else:
            self._answer_later(ref, self._ask_first(room_id, act))

    async def _ask_first(self, room_id: int, act: Callable[[], None]) -> None:
        standings = await run_query(read_standings, self.connection.user_id, [room_id])
        try:
            ensure_member(standings.get(room_id))
        except Problem as problem:
            problem.room = room_id
            raise
        act()

    def _in_turn(self, ref: Ref, act: Callable[[], Awaitable[None]], most: int) -> None:
        """Do what waits for the subscribes before it: not too many behind one that stalls."""
        if self.connection.in_turn >= most:
            raise rate_limits.RateLimited(TURN_SECONDS)
        self.connection.in_turn += 1
        self._answer_later(ref, act()).add_done_callback(self._turn_over)

    def _turn_over(self, _: object) -> None:
        self.connection.in_turn -= 1

    def _answer_later(self, ref: Ref, work: Awaitable[None]) -> "asyncio.Task[None]":
        return self.connection.spawn(self._answer(ref, work))

    async def _answer(self, ref: Ref, work: Awaitable[None]) -> None:
        try:
            await work
        except Exception as error:
            if isinstance(error, DATABASE_UNAVAILABLE):
                self.hub.wake.set()  # its outcome is in the log, if it has one
            self.connection.write(problem_frame(problem_for(error, ref)))
