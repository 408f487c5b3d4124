"""What a rule finds: which rule was broken, whose history shows it, and how."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    rule: str
    who: str  # a client's name, or "log"
    room: int | None
    detail: str

    def __str__(self) -> str:
        where = "" if self.room is None else f" in room {self.room}"
        return f"{self.rule}: {self.who}{where}: {self.detail}"
