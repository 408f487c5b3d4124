"""The shape of a replica's traffic in a file: when who does what in which room, and how long it is.

Off unless RECORDING_DIR is set. The hub's door calls it where a socket comes, speaks, resumes and
goes. No text, name, address or id is written: people and rooms are keyed hashes of their ids, the
same on every replica of the place and others in each recording. `loadtests.replay` plays it back.
"""

import asyncio
import hashlib
import hmac
import logging
import time
from collections.abc import Callable
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import Any, Final, TypeAlias

import msgspec
from django.conf import settings

from hubbub.realtime.connections.connection import Connection
from hubbub.realtime.protocol import messages

logger = logging.getLogger(__name__)

VERSION: Final = 1
FLUSH_SECONDS = 1.0
NAME_CHARS = 12  # 48 bits: two of a million are the same once in five hundred recordings
NAMES_KEPT = 100_000
MAX_WAITING_LINES = 100_000

# Milliseconds since the file was begun, what happened, the socket's number in this file, and facts.
# An edit and a deletion name no room: they are in one of their sender's.
Line: TypeAlias = list[Any]


class Recording:
    """One replica's file. Where it is off, or over, every call returns at once."""

    def __init__(self, replica: str) -> None:
        self._lines: list[Line] | None = None
        self._path = Path(settings.RECORDING_DIR) / f"{replica}.jsonl"
        self._left_bytes = settings.RECORDING_MAX_MB * 1_000_000
        self._began = time.monotonic()
        self._sockets: dict[Connection, int] = {}
        self._numbers = count(1)
        self._told: set[str] = set()  # people whose rooms are written
        self.name: Callable[[str, int], str] = _unnamed
        if settings.RECORDING_DIR:
            self._begin()

    def came(self, connection: Connection) -> None:
        """Note a socket, and the rooms that its person is in when they come for the first time."""
        if self._lines is None:
            return
        number = self._sockets[connection] = next(self._numbers)
        person = self.name("person", connection.user_id)
        rooms: list[str] = []
        if person not in self._told:
            self._told.add(person)
            rooms = sorted(self.name("room", room) for room in connection.identity.rooms)
        self._note("connect", number, person, rooms)

    def said(self, connection: Connection, command: messages.Command) -> None:
        """Note a command that is carried out, whatever comes of it."""
        number = self._sockets.get(connection)
        if self._lines is None or number is None:
            return
        match command:
            case messages.Send():
                room, is_reply = self.name("room", command.room), command.reply_to is not None
                self._note("send", number, room, len(command.body), is_reply)
            case messages.Edit():
                self._note("edit", number, len(command.body))
            case messages.Delete():
                self._note("delete", number)
            case messages.Read():
                self._note("read", number, self.name("room", command.room))
            case messages.Typing():
                self._note("typing", number, self.name("room", command.room))
            case messages.Unsubscribe():
                self._note("unsubscribe", number, self.name("room", command.room))

    def opened(self, connection: Connection, room: int, missed: int | None, resumed: bool) -> None:
        """Note a subscription that is live, and how many events it lacked (None: it asked not)."""
        number = self._sockets.get(connection)
        if self._lines is not None and number is not None:
            self._note("subscribe", number, self.name("room", room), missed, resumed)

    def gone(self, connection: Connection, code: int | None) -> None:
        number = self._sockets.pop(connection, None)
        if self._lines is not None and number is not None:
            self._note("disconnect", number, code)

    async def run(self) -> None:
        """Write what was noted, again and again. A replica that is killed loses the last second."""
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            lines = self._take()
            self._end(await asyncio.to_thread(self._write, lines))

    def flush(self) -> None:
        self._end(self._write(self._take()))

    def _take(self) -> list[Line]:
        """On the event loop, as all that notes: what is written meanwhile is a list of its own."""
        lines = self._lines or []
        if self._lines is not None:
            self._lines = []
        return lines

    def _write(self, lines: list[Line]) -> str:
        """Write lines whole, or none of them; return why no more can be, if so."""
        if not lines:
            return ""
        data = b"".join(msgspec.json.encode(line) + b"\n" for line in lines)
        if len(data) > self._left_bytes:
            return "the file has RECORDING_MAX_MB"
        self._left_bytes -= len(data)
        try:
            with self._path.open("ab") as file:
                file.write(data)
        except OSError as error:
            return str(error)
        return ""

    def _begin(self) -> None:
        folder = self._path.parent
        self.name = namer(settings.SECRET_KEY, folder.name)
        head = {
            "hubbub": "recording",
            "version": VERSION,
            "recording": folder.name,
            "began_ms": time.time_ns() // 1_000_000,
        }
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._path.touch(0o600, exist_ok=False)
            self._path.write_bytes(msgspec.json.encode(head) + b"\n")
        except OSError as error:
            logger.error("Nothing is recorded: %s", error)
            return
        self._lines = []
        logger.warning("The shape of all traffic is recorded in %s.", folder)

    def _note(self, kind: str, number: int, *facts: object) -> None:
        assert self._lines is not None
        at_ms = round((time.monotonic() - self._began) * 1_000)
        self._lines.append([at_ms, kind, number, *facts])
        if len(self._lines) > MAX_WAITING_LINES:
            self._end("the disk does not keep up")

    def _end(self, reason: str) -> None:
        if reason and self._lines is not None:
            logger.warning("The recording is over: %s. What came before is whole.", reason)
            self._lines = None
            self._sockets.clear()


def namer(secret: str, recording: str) -> Callable[[str, int], str]:
    """Return what names a person or a room in one recording: the same on all replicas.

    Without the place's secret nobody can try all ids; with another recording's name it is another
    key, so two recordings cannot be laid side by side.
    """
    key = hashlib.sha256(f"recording:{recording}:{secret}".encode()).digest()

    @lru_cache(NAMES_KEPT)
    def name(kind: str, id: int) -> str:
        digest = hmac.digest(key, f"{kind}:{id}".encode(), "sha256")
        return digest.hex()[:NAME_CHARS]

    return name


def _unnamed(kind: str, id: int) -> str:
    raise AssertionError("nothing is recorded")
