"""Checks the server's frames against `docs/protocol.md`: their required fields and their size."""

from typing import Any, Final

from django.conf import settings

EVENT = {"room", "seq", "at", "actor"}
FIELDS: Final[dict[str, set[str]]] = {
    "welcome": {"protocol", "epoch", "connection", "replica", "user", "heartbeat_seconds"},
    "subscribed": {"room", "seq", "resumed", "online", "online_count"},
    "ok": set(),
    "problem": {"code", "detail"},
    "pong": set(),
    "goodbye": {"code", "retry_after_ms"},
    "typing.started": {"room", "user"},
    "presence.changed": {"room", "joined", "left", "online_count"},
    "room.bumped": {"room", "seq", "number"},
    "room.added": {"room_info"},
    "room.removed": {"room", "reason"},
    "room.read": {"room", "number"},
    **dict.fromkeys(["message.created", "message.edited", "message.deleted"], EVENT | {"message"}),
    **dict.fromkeys(["member.joined", "member.left"], EVENT | {"user"}),
    "member.role_changed": EVENT | {"user", "role"},
    **dict.fromkeys(
        ["room.renamed", "room.topic_changed", "room.archived", "room.restored"],
        EVENT | {"room_info"},
    ),
}
ANSWERS: Final = {"ok", "problem", "pong", "subscribed"}
PROBLEMS: Final = {
    *("bad_frame", "unknown_type", "invalid", "forbidden", "not_found", "rate_limited"),
    *("too_large", "unavailable"),
}
# Enough for the longest message with its HTML, at four bytes per character, and for the longest
# `ref`.
MAX_FRAME_BYTES: Final = 4 * settings.MAX_FRAME_BYTES


def ensure_valid_frame(frame: dict[str, Any], size: int) -> None:
    """Check a frame of the server against the protocol's description of its type."""
    missing = FIELDS[frame["type"]] - frame.keys()
    assert not missing, (missing, frame)
    assert size <= MAX_FRAME_BYTES
    if frame["type"] == "problem":
        assert frame["code"] in PROBLEMS
        assert frame["detail"]
