"""The JSON messages of the WebSocket protocol, version 1: parses commands, encodes answers. Pure.

`docs/protocol.md` is the contract that clients rely on. Nothing here uses connections, the
database or the clock. `commands.handlers` runs what `parse` returns.
"""

from typing import Annotated, Any, Final, TypeAlias

import msgspec
from django.conf import settings
from django.utils.translation import gettext as _
from msgspec import Meta, Struct

SUBPROTOCOL: Final = "hubbub.v1"

Ref: TypeAlias = str | int | None
Id = Annotated[int, Meta(ge=1, le=2**63 - 1)]
Seq = Annotated[int, Meta(ge=0, le=2**63 - 1)]
RoomKey = Annotated[str, Meta(pattern=r"^[1-9][0-9]{0,17}\Z")]
Nonce = Annotated[str, Meta(min_length=1, max_length=settings.MAX_NONCE_CHARS)]

encode = msgspec.json.encode


class Subscribe(Struct):
    rooms: dict[RoomKey, Seq | None]  # the last seq that the client has; None: no replay wanted


class Unsubscribe(Struct):
    room: Id


class Send(Struct):
    room: Id
    nonce: Nonce
    body: str
    reply_to: Id | None = None


class Edit(Struct):
    message: Id
    body: str


class Delete(Struct):
    message: Id


class Read(Struct):
    room: Id
    number: Seq


class Typing(Struct):
    room: Id


class Ping(Struct):
    pass


COMMANDS: Final[dict[str, type[Struct]]] = {
    "subscribe": Subscribe,
    "unsubscribe": Unsubscribe,
    "message.send": Send,
    "message.edit": Edit,
    "message.delete": Delete,
    "read": Read,
    "typing": Typing,
    "ping": Ping,
}

Command: TypeAlias = Subscribe | Unsubscribe | Send | Edit | Delete | Read | Typing | Ping


class CommandProblem(Exception):
    """Why a command failed; the client receives it as a `problem` frame."""

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        ref: Ref = None,
        room: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(code, detail)
        self.code, self.detail, self.ref, self.room = code, detail, ref, room
        self.retry_after = retry_after

    @property
    def is_malformed(self) -> bool:
        """Whether only a broken client causes this problem.

        Too many malformed frames in a row close the connection.
        """
        return self.code in ("bad_frame", "unknown_type", "too_large")


def parse(text: str | None) -> tuple[Ref, Command]:
    """Return the `ref` and the command of a frame. If `text` is None, the frame is binary.

    Raises CommandProblem, with the frame's `ref` if it could be read.
    """
    if text is None:
        raise CommandProblem("bad_frame", _("Frames must be text, one JSON object each."))
    if not _fits(text):
        detail = _("A frame can have at most %d bytes.") % settings.MAX_FRAME_BYTES
        raise CommandProblem("too_large", detail)
    try:
        envelope = _ENVELOPE.decode(text)
    # RecursionError means that the frame is nested too deeply.
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        detail = _("A frame must be a JSON object with a `type`; a `ref` must be text or a number.")
        raise CommandProblem("bad_frame", detail) from None
    decoder = _DECODERS.get(envelope.type)
    if decoder is None:
        raise CommandProblem("unknown_type", _("No such command type."), ref=envelope.ref)
    try:
        return envelope.ref, decoder.decode(text)
    except msgspec.ValidationError as error:
        raise CommandProblem("invalid", str(error), ref=envelope.ref) from None


def _fits(text: str) -> bool:
    # UTF-8 takes one to four bytes per character, so only texts near the limit must be encoded to
    # measure them. A lone surrogate counts as well; the decoder rejects it afterwards.
    limit: int = settings.MAX_FRAME_BYTES
    if not limit // 4 < len(text) <= limit:
        return len(text) <= limit
    return len(text.encode(errors="surrogatepass")) <= limit


def frame(type: str, **fields: Any) -> str:
    """Return the JSON text of a frame."""
    return encode({"type": type} | fields).decode()


def answer(type: str, ref: Ref, **fields: Any) -> str:
    """Return the JSON text of an answer to a command, with the command's `ref` if it had one."""
    return frame(type, **({} if ref is None else {"ref": ref}), **fields)


def problem_frame(problem: CommandProblem) -> str:
    fields: dict[str, Any] = {"code": problem.code, "detail": problem.detail}
    if problem.room is not None:
        fields["room"] = problem.room
    if problem.retry_after is not None:
        fields["retry_after"] = problem.retry_after
    return answer("problem", problem.ref, **fields)


class _Envelope(Struct):
    type: str
    ref: Ref = None


_ENVELOPE = msgspec.json.Decoder(_Envelope)
_DECODERS: dict[str, msgspec.json.Decoder[Any]] = {
    name: msgspec.json.Decoder(command) for name, command in COMMANDS.items()
}
