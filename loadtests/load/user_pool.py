"""Hands out a process's share of the plan's identities, each to one user at a time. Pure.

The plan's lines are divided among the Locust workers by line number, so that no two workers use the
same session.
"""

from collections import deque
from dataclasses import dataclass

from loadtests.load.plan import LoadPlan

BOT_PREFIX = "Authorization"


class NoIdentityLeftError(Exception):
    """More users are running than the plan has identities for."""


@dataclass(frozen=True, slots=True)
class Identity:
    """One of the plan's identities. `line` is its text, and `number` its index in the plan."""

    number: int
    line: str

    @property
    def signs_in(self) -> bool:
        """True if this is an account that must sign in first, and not a session or token."""
        return self.line.startswith("Account")


class UserPool:
    def __init__(self, plan: LoadPlan, worker: int = 0, workers: int = 1) -> None:
        own = [Identity(*one) for one in enumerate(plan.identities) if one[0] % workers == worker]
        self._people = deque(one for one in own if not one.line.startswith(BOT_PREFIX))
        self._bots = deque(one for one in own if one.line.startswith(BOT_PREFIX))

    def acquire(self, bot: bool = False) -> Identity:
        """Return an identity that is not in use. For a bot, prefer an identity with a token."""
        free = self._bots if bot and self._bots else self._people
        if not free:
            raise NoIdentityLeftError("No identity is left: --sessions needs a line per user.")
        return free.popleft()

    def release(self, identity: Identity) -> None:
        free = self._bots if identity.line.startswith(BOT_PREFIX) else self._people
        free.append(identity)
