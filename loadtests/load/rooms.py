"""The rooms of a run: made over REST before anybody comes, archived when all have gone.

They are public, so that everybody lets themselves in; the first person of the plan owns them.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from loadtests.lib.client import rest
from loadtests.lib.console import log
from loadtests.load.plan import Plan
from loadtests.load.targets import UnfitError

JOINING = 8  # at once


class Rooms:
    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._headers: dict[str, str] = {}

    def make(self) -> None:
        """Make those that the plan's shape needs. Raises UnfitError."""
        count = sum(self._plan.curve.rooms_by_layer())
        log(f"Making {count} rooms")
        try:
            self._headers = self._owner()
            for number in range(1, count + 1):
                name = f"Load {self._plan.run} {number}"
                room = self._ask("POST", "/rooms", {"name": name, "kind": "public"})
                self._plan.rooms.append(room["id"])
            self._let_in()
        except rest.RedirectedError as redirected:
            raise UnfitError(
                f"{self._plan.host} leads elsewhere ({redirected.status}): give the address that "
                "people come to in the end, https:// where it is."
            ) from None
        except rest.RefusedError as refused:
            raise UnfitError(
                f"{self._plan.host} refuses to make or join a room for somebody of --sessions "
                f"({refused.status}): are they sessions of this place, and still valid?"
            ) from None
        except OSError as error:
            raise UnfitError(f"{self._plan.host} does not answer: {error}.") from None

    def _let_in(self) -> None:
        """Have everybody with a ready session join their rooms: members come to a load, not guests.

        Those who sign in through the form join when they have done so.
        """
        people = self._plan.people[: self._plan.seats]
        ready = [one for one in enumerate(people) if not one[1].startswith("Account")]
        log(f"Having {len(ready)} people join")
        with ThreadPoolExecutor(JOINING) as pool:
            for _ in pool.map(lambda one: self._join(*one), ready):
                pass

    def _join(self, person: int, line: str) -> None:
        for number in self._plan.curve.rooms_of(person):
            self._ask(
                "POST", f"/rooms/{self._plan.rooms[number]}/join", headers=rest.headers_of(line)
            )

    def archive(self) -> None:
        """Put them away, as well as it goes."""
        log(f"Archiving {len(self._plan.rooms)} rooms")
        try:
            for room in self._plan.rooms:
                self._ask("POST", f"/rooms/{room}/archive")
        except (OSError, rest.RefusedError) as error:
            log(f"Not all of them could be archived: {error}")

    def _ask(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Any:
        """Ask as the owner, or as somebody else."""
        return rest.call_patiently(self._plan.host, method, path, headers or self._headers, body)

    def _owner(self) -> dict[str, str]:
        people = self._plan.people
        ready = [line for line in people if not line.startswith("Account")]
        return rest.headers_of(ready[0] if ready else self._sign_in(people[0]))

    def _sign_in(self, account: str) -> str:
        username, _, password = account.removeprefix("Account: ").partition(" ")
        try:
            return rest.sign_in(self._plan.host, username, password)
        except rest.RefusedError:
            raise UnfitError(
                f"{username} of --accounts could not sign in at {self._plan.host}."
            ) from None
