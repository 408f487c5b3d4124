"""The WebSocket protocol, version 1: text in, commands out; answers in, text out. Pure.

`docs/protocol.md` is the contract. Nothing here knows of sockets, rows or clocks.
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
    rooms: dict[RoomKey, Seq | None]


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


Command: TypeAlias = Subscribe | Unsubscribe | Send | Edit | Delete | Read | Typing | Ping


class Problem(Exception):
    """Why a command was not carried out, as the protocol says it."""

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
        """Whether a well-written client would never be told this; repeated, it ends in a close."""
        return self.code in ("bad_frame", "unknown_type", "too_large")


def parse(text: str | None) -> tuple[Ref, Command]:
    """Return the `ref` of a frame and its command; raise Problem. `None` is a binary frame."""
    if text is None:
        raise Problem("bad_frame", _("Frames must be text, one JSON object each."))
    if not _fits(text):
        detail = _("A frame can have at most %d bytes.") % settings.MAX_FRAME_BYTES
        raise Problem("too_large", detail)
    try:
        head = _HEAD.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):  # the last: nested too deep
        raise Problem(
            "bad_frame",
            _("A frame must be a JSON object with a `type`; a `ref` must be text or a number."),
        ) from None
    decoder = _DECODERS.get(head.type)
    if decoder is None:
        raise Problem("unknown_type", _("No such command type."), ref=head.ref)
    try:
        return head.ref, decoder.decode(text)
    except msgspec.ValidationError as error:
        raise Problem("invalid", str(error), ref=head.ref) from None


def _fits(text: str) -> bool:
    # A character has one byte to four: only frames near the limit are measured exactly. Halves of
    # surrogate pairs have a length, too; the decoder refuses them.
    most: int = settings.MAX_FRAME_BYTES
    if not most // 4 < len(text) <= most:
        return len(text) <= most
    return len(text.encode(errors="surrogatepass")) <= most


def frame(type: str, **fields: Any) -> str:
    """Return the text of a frame."""
    return encode({"type": type} | fields).decode()


def answer(type: str, ref: Ref, **fields: Any) -> str:
    """Return the text of an answer: it carries the command's `ref` if there was one."""
    return frame(type, **({} if ref is None else {"ref": ref}), **fields)


def problem_frame(problem: Problem) -> str:
    fields: dict[str, Any] = {"code": problem.code, "detail": problem.detail}
    if problem.room is not None:
        fields["room"] = problem.room
    if problem.retry_after is not None:
        fields["retry_after"] = problem.retry_after
    return answer("problem", problem.ref, **fields)


class _Head(Struct):
    type: str
    ref: Ref = None


_HEAD = msgspec.json.Decoder(_Head)
_DECODERS: dict[str, msgspec.json.Decoder[Any]] = {
    name: msgspec.json.Decoder(command)
    for name, command in {
        "subscribe": Subscribe,
        "unsubscribe": Unsubscribe,
        "message.send": Send,
        "message.edit": Edit,
        "message.delete": Delete,
        "read": Read,
        "typing": Typing,
        "ping": Ping,
    }.items()
}
