"""Who the people of a process are: each line of the plan is one person, and plays once at a time.

Workers share the plan by its lines' numbers, so that no session is used twice. Pure.
"""

from collections import deque
from dataclasses import dataclass

from loadtests.load.plan import Plan

BOTS = "Authorization"


class NobodyLeftError(Exception):
    """More people are wanted than the plan has lines for."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A person to play: their number in the plan, and the line that makes one them."""

    number: int
    line: str


class Crowd:
    def __init__(self, plan: Plan, worker: int = 0, workers: int = 1) -> None:
        own = [Ticket(*one) for one in enumerate(plan.people) if one[0] % workers == worker]
        self._people = deque(one for one in own if not one.line.startswith(BOTS))
        self._bots = deque(one for one in own if one.line.startswith(BOTS))

    def take(self, bot: bool = False) -> Ticket:
        """Return somebody who does not play yet; a bot with a token where there is one."""
        line = self._bots if bot and self._bots else self._people
        if not line:
            raise NobodyLeftError("No session is left: --sessions needs a line for each user.")
        return line.popleft()

    def give_back(self, ticket: Ticket) -> None:
        (self._bots if ticket.line.startswith(BOTS) else self._people).append(ticket)
