"""Records the shape of a replica's traffic: who does what, where and when, and how long texts are.

It is off unless RECORDING_DIR is set. Then the replica makes it its hub's traffic observer.
`loadtests.replay` replays the files. No text, name, address or id is ever written: users and rooms
appear as keyed hashes of their ids, equal on all replicas of one recording and different in every
other recording.
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
from hubbub.realtime.protocol import json_frames

logger = logging.getLogger(__name__)

VERSION: Final = 1
FLUSH_SECONDS = 1.0
# 48 bits are enough: if recordings have a million ids each, two ids get the same pseudonym in one
# recording of five hundred.
PSEUDONYM_CHARS = 12
CACHED_PSEUDONYMS = 100_000
MAX_BUFFERED_LINES = 100_000

# Milliseconds since the start of the file, kind, number of the connection in this file, details.
# Edits and deletions do not name their room, which is one of the sender's rooms.
Line: TypeAlias = list[Any]


def start_recorder(replica_id: str) -> "TrafficRecorder | None":
    """Return a recorder that has created its file; None if recording is off or impossible."""
    if not settings.RECORDING_DIR:
        return None
    recorder = TrafficRecorder(Path(settings.RECORDING_DIR), replica_id)
    try:
        recorder.create_file()
    except OSError as error:
        logger.error("Cannot record traffic: %s", error)
        return None
    logger.warning("Recording the shape of all traffic in %s.", settings.RECORDING_DIR)
    return recorder


class TrafficRecorder:
    """A `TrafficObserver` that writes one file. Once the recording has ended, calls do nothing."""

    def __init__(self, directory: Path, replica_id: str) -> None:
        self.path = directory / f"{replica_id}.jsonl"
        self.pseudonym = pseudonymizer(settings.SECRET_KEY, directory.name)
        self._started_at = time.monotonic()
        self._lines: list[Line] = []
        self._ended = False
        self._bytes_left = settings.RECORDING_MAX_MB * 1_000_000
        self._numbers = count(1)
        self._connections: dict[Connection, int] = {}  # their numbers in this file
        self._recorded_users: set[str] = set()  # users whose rooms are in the file

    def create_file(self) -> None:
        """Create the file with its header, readable by its owner only. Raises OSError."""
        header = {
            "hubbub": "recording",
            "version": VERSION,
            "recording": self.path.parent.name,
            "began_ms": time.time_ns() // 1_000_000,
        }
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path.touch(0o600, exist_ok=False)
        self.path.write_bytes(msgspec.json.encode(header) + b"\n")

    def connected(self, connection: Connection) -> None:
        """Record a connection, with the user's rooms if this is the user's first one."""
        if self._ended:
            return
        number = self._connections[connection] = next(self._numbers)
        user = self.pseudonym("user", connection.user_id)
        rooms: list[str] = []
        if user not in self._recorded_users:
            self._recorded_users.add(user)
            rooms = sorted(self._room(room_id) for room_id in connection.identity.rooms)
        self._add("connect", number, user, rooms)

    def received(self, connection: Connection, command: json_frames.Command) -> None:
        """Record a command, even if it will fail. Pings and subscribes are not recorded here."""
        number = self._connections.get(connection)
        if number is None:
            return
        match command:
            case json_frames.Send(room=room_id, body=body, reply_to=reply_to):
                self._add("send", number, self._room(room_id), len(body), reply_to is not None)
            case json_frames.Edit(body=body):
                self._add("edit", number, len(body))
            case json_frames.Delete():
                self._add("delete", number)
            case json_frames.Read(room=room_id):
                self._add("read", number, self._room(room_id))
            case json_frames.Typing(room=room_id):
                self._add("typing", number, self._room(room_id))
            case json_frames.Unsubscribe(room=room_id):
                self._add("unsubscribe", number, self._room(room_id))

    def subscribed(
        self, connection: Connection, room_id: int, missed: int | None, resumed: bool
    ) -> None:
        number = self._connections.get(connection)
        if number is not None:
            self._add("subscribe", number, self._room(room_id), missed, resumed)

    def disconnected(self, connection: Connection, code: int | None) -> None:
        number = self._connections.pop(connection, None)
        if number is not None:
            self._add("disconnect", number, code)

    async def run(self) -> None:
        """Write new lines once a second. A replica that is killed loses the last second's lines."""
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            self._end(await asyncio.to_thread(self._write, self._take_lines()))

    def flush(self) -> None:
        self._end(self._write(self._take_lines()))

    def _room(self, room_id: int) -> str:
        return self.pseudonym("room", room_id)

    def _add(self, kind: str, number: int, *details: object) -> None:
        at_ms = round((time.monotonic() - self._started_at) * 1_000)
        self._lines.append([at_ms, kind, number, *details])
        if len(self._lines) > MAX_BUFFERED_LINES:
            self._end("the disk is too slow")

    def _take_lines(self) -> list[Line]:
        """Take the buffered lines. Runs on the event loop; lines added later go into a new list."""
        lines, self._lines = self._lines, []
        return lines

    def _write(self, lines: list[Line]) -> str:
        """Write all of the lines or none. Return why the recording must end, or an empty text."""
        if not lines:
            return ""
        data = b"".join(msgspec.json.encode(line) + b"\n" for line in lines)
        if len(data) > self._bytes_left:
            return "the file has reached RECORDING_MAX_MB"
        self._bytes_left -= len(data)
        try:
            with self.path.open("ab") as file:
                file.write(data)
        except OSError as error:
            return str(error)
        return ""

    def _end(self, reason: str) -> None:
        if reason and not self._ended:
            logger.warning("Recording ended: %s. Every line in it is whole.", reason)
            self._ended = True
            self._lines.clear()
            self._connections.clear()


def pseudonymizer(secret: str, recording: str) -> Callable[[str, int], str]:
    """Return a function that maps a kind ("user" or "room") and an id to a pseudonym.

    All replicas of a recording get the same pseudonyms. The key contains the workspace's secret, so
    that others cannot find an id by trying all of them, and the recording's name, so that two
    recordings cannot be correlated.
    """
    key = hashlib.sha256(f"recording:{recording}:{secret}".encode()).digest()

    @lru_cache(CACHED_PSEUDONYMS)
    def pseudonym(kind: str, id: int) -> str:
        digest = hmac.digest(key, f"{kind}:{id}".encode(), "sha256")
        return digest.hex()[:PSEUDONYM_CHARS]

    return pseudonym
