"""A violation that the checker found: the broken rule, the client that shows it, and details."""

from dataclasses import dataclass

# The categories say what a broken rule means for users. Every rule is in exactly one of them.
CATEGORIES = {
    "lost": {
        "ok-logged",
        "ok-shown-once",
        "view-complete",
        "log-contiguous",
        "event-skipped",
        "load-complete",
        "position-held",
        "replay-complete",
    },
    "duplicated": {"event-once", "nonce-once", "view-once"},
    "reordered": {"event-in-order", "view-in-order"},
    "leaked": {"deleted-is-gone", "old-text", "members-only", "revoked-in-time"},
    "outdated": {"gone-in-time", "present-in-time", "views-equal", "view-current"},
    "wrong": {
        "asked-first",
        "event-current",
        "event-logged",
        "message-has-event",
        "numbers-contiguous",
        "replay-none",
        "speaks-as-member",
        "text-logged",
        "view-logged",
    },
}


@dataclass(frozen=True, slots=True)
class Violation:
    rule: str
    client: str  # a client's name, or "log"
    room: int | None
    detail: str

    def __str__(self) -> str:
        where = "" if self.room is None else f" in room {self.room}"
        return f"{self.rule}: {self.client}{where}: {self.detail}"

    @property
    def category(self) -> str:
        return next((name for name, rules in CATEGORIES.items() if self.rule in rules), "wrong")
