"""WebSocket frames, encoded once and written to any number of connections. Pure.

Frames from server to client are unmasked, and ours are never fragmented (RFC 6455 §5.2). `fan_out`
builds them. A transport writes their bytes if the server accepts encoded frames, and otherwise
their text.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

TEXT = b"\x81"  # FIN and opcode 1


class Frame(NamedTuple):
    """A text frame: its text, and its bytes on the wire."""

    text: str
    data: bytes


class FrameBatch:
    """Consecutive frames that are written together."""

    __slots__ = ("data", "frames")

    def __init__(self, frames: Sequence[Frame]) -> None:
        self.frames = frames
        self.data = frames[0].data if len(frames) == 1 else b"".join([each.data for each in frames])


# FIN and opcode 9, without payload. Only our server writes this frame, so the frame needs no text.
PING: Final = FrameBatch([Frame("", b"\x89\x00")])


def text_frame(text: str) -> Frame:
    payload = text.encode()
    size = len(payload)
    if size < 126:
        header = TEXT + size.to_bytes(1)
    elif size < 1 << 16:
        header = TEXT + b"\x7e" + size.to_bytes(2)
    else:
        header = TEXT + b"\x7f" + size.to_bytes(8)
    return Frame(text, header + payload)


def text_batch(text: str) -> FrameBatch:
    return FrameBatch([text_frame(text)])
