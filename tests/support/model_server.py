"""A model of the server, as docs/protocol.md describes it, in plain Python without I/O.

The model answers frames correctly and keeps the log that the checker reads. Tests of the client
talk to the model; tests of the checker take its correct histories and corrupt them.
"""

from itertools import count
from typing import Any

from loadtests.lib.checker.log import Log, LoggedEvent, LoggedMessage
from loadtests.lib.client.effects import Effect, LoadRoom, RetryLater, WriteFrame
from loadtests.lib.client.history import History
from loadtests.lib.client.protocol import ClientProtocol

ROOM = 7
Frame = dict[str, Any]


class ModelServer:
    """A server with one room.

    A client that misses more than `replay_max` events must load the room.
    """

    def __init__(self, replay_max: int = 1_000) -> None:
        self.replay_max = replay_max
        self.epoch = "first"
        # `message` is an id; the method `event` replaces it with the message.
        self.events: list[Frame] = []
        self.messages: dict[int, Frame] = {}
        self._ids = count(101)

    def send(self, sender: int, nonce: str, body: str) -> Frame:
        for message in self.messages.values():
            if (message["sender"]["id"], message["nonce"]) == (sender, nonce):
                return message
        seq, id = len(self.events) + 1, next(self._ids)
        self.messages[id] = {
            "id": id,
            "room": ROOM,
            "seq": seq,
            "rev": seq,
            "number": len(self.messages) + 1,
            "sender": {"id": sender, "name": f"person-{sender:04}"},
            "nonce": nonce,
            "body": body,
            "html": None,
            "edited_at": None,
            "deleted_at": None,
        }
        self._record("message.created", id)
        return self.messages[id]

    def edit(self, id: int, body: str) -> Frame:
        self.messages[id] |= {"body": body, "edited_at": "now", "rev": len(self.events) + 1}
        self._record("message.edited", id)
        return self.messages[id]

    def delete(self, id: int) -> Frame:
        self.messages[id] |= {"body": "", "deleted_at": "now", "rev": len(self.events) + 1}
        self._record("message.deleted", id)
        return self.messages[id]

    def event(self, seq: int) -> Frame:
        """Return an event as it would be sent now: with its message in its current state."""
        event = self.events[seq - 1]
        return event | {"message": dict(self.messages[event["message"]])}

    def log(self) -> Log:
        log = Log()
        for event in self.events:
            log.rooms[ROOM].append(LoggedEvent(event["seq"], event["type"], event["message"]))
        for one in self.messages.values():
            log.messages[one["id"]] = LoggedMessage(
                one["id"],
                ROOM,
                one["seq"],
                one["number"],
                one["sender"]["id"],
                one["nonce"],
                one["body"],
                one["deleted_at"] is not None,
                one["rev"],
                one["html"],
            )
        return log

    def _record(self, type: str, message: int) -> None:
        seq = len(self.events) + 1
        event = {"type": type, "room": ROOM, "seq": seq, "at": "now", "message": message}
        self.events.append(event)


class ModelClient:
    """A client of the model server: its frames are answered at once, or lost."""

    def __init__(self, server: ModelServer, user: int) -> None:
        self.server, self.user = server, user
        self.protocol = ClientProtocol(History(f"person-{user:04}"))
        self.last_sent: int | None = None  # seq of the newest event sent over this socket
        self.loads: list[LoadRoom] = []

    def connect(self) -> None:
        self.receive(self._welcome())

    def move(self) -> None:
        """Switch to another socket while the old one is still open."""
        self.last_sent = None
        self.run_effects(self.protocol.switched(self._welcome()))

    def drop_connection(self, code: int = 1006) -> list[Effect]:
        self.last_sent = None
        self.loads.clear()
        return self.protocol.closed(code)

    def receive(self, frame: Frame) -> None:
        self.run_effects(self.protocol.receive(frame))

    def run_effects(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case WriteFrame({"type": "subscribe"} as frame):
                    self._subscribe(frame)
                case WriteFrame({"type": "message.send"} as frame):
                    message = self.server.send(self.user, frame["nonce"], frame["body"])
                    self.receive({"type": "ok", "ref": frame["ref"], "message": dict(message)})
                case LoadRoom():
                    self.loads.append(effect)
                case RetryLater(ref):
                    self.run_effects(self.protocol.retry(ref))

    def catch_up(self) -> None:
        """Receive the events since the last one sent, and finish the pending loads."""
        if self.last_sent is not None:
            while self.last_sent < len(self.server.events):
                self.last_sent += 1
                self.receive(self.server.event(self.last_sent))
        while self.loads:
            load = self.loads.pop()
            messages = [dict(message) for message in self.server.messages.values()]
            self.protocol.loaded(load.room, load.load, len(self.server.events), messages)

    def _welcome(self) -> Frame:
        person = {"id": self.user, "name": f"person-{self.user:04}"}
        welcome = {"type": "welcome", "connection": "c", "replica": "r", "user": person}
        return welcome | {"epoch": self.server.epoch, "heartbeat_seconds": 20}

    def _subscribe(self, frame: Frame) -> None:
        position, last = frame["rooms"][str(ROOM)], len(self.server.events)
        resumed = position is None or 0 <= last - position <= self.server.replay_max
        if resumed and position is not None:
            for seq in range(position + 1, last + 1):
                self.receive(self.server.event(seq))
        self.last_sent = last
        answer = {"type": "subscribed", "ref": frame["ref"], "room": ROOM, "seq": last}
        self.receive(answer | {"resumed": resumed, "online": [], "online_count": 0})
