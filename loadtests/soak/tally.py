"""What a soak has done so far, and what went wrong."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from loadtests.lib.checker.violation import Violation


@dataclass(slots=True)
class Tally:
    sent: int = 0
    # How often each thing was done: "visit", "meeting", "sign-in".
    done: Counter[str] = field(default_factory=Counter)
    violations: list[Violation] = field(default_factory=list)  # duplicates, gaps, wrong order
    failures: list[str] = field(default_factory=list)

    @property
    def errors(self) -> int:
        return len(self.violations) + len(self.failures)

    def facts(self) -> dict[str, Any]:
        """Return everything that the report needs."""
        return {
            "sent": self.sent,
            "done": dict(self.done),
            "violations": [str(violation) for violation in self.violations],
            "failures": self.failures,
        }
