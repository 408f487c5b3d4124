"""Creates a run's rooms over REST before the users arrive; archives them when the users have left.

The rooms are public, so that every user can join. The first identity of the plan owns them.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from loadtests.lib.client import rest
from loadtests.lib.console import log
from loadtests.lib.identities import TargetError
from loadtests.load.plan import LoadPlan, identities_needed
from loadtests.load.user_pool import Identity

CONCURRENT_JOINS = 8


class Rooms:
    def __init__(self, plan: LoadPlan) -> None:
        self._plan = plan
        self._owner_headers: dict[str, str] = {}

    def create(self) -> None:
        """Create the rooms that the plan's shape needs. Raises TargetError."""
        count = sum(self._plan.load_shape.rooms_by_layer())
        log(f"Creating {count} rooms")
        try:
            self._owner_headers = self._sign_in_owner()
            for number in range(1, count + 1):
                name = f"Load {self._plan.run_id} {number}"
                room = self._call("POST", "/rooms", {"name": name, "kind": "public"})
                self._plan.rooms.append(room["id"])
            self._add_members()
        except rest.RedirectedError as redirected:
            raise TargetError(
                f"{self._plan.host} redirects ({redirected.status}): give the address that the "
                "redirect leads to, with https:// if it has it."
            ) from None
        except rest.RefusedError as refused:
            raise TargetError(
                f"{self._plan.host} refuses to create or join a room for an identity of --sessions "
                f"({refused.status}): are they sessions of this workspace, and still valid?"
            ) from None
        except OSError as error:
            raise TargetError(f"{self._plan.host} does not answer: {error}.") from None

    def archive(self) -> None:
        """Archive the rooms. Failures are only logged."""
        log(f"Archiving {len(self._plan.rooms)} rooms")
        try:
            for room in self._plan.rooms:
                self._call("POST", f"/rooms/{room}/archive")
        except (OSError, rest.RefusedError) as error:
            log(f"Not all rooms could be archived: {error}")

    def _add_members(self) -> None:
        """Let everyone with a session join their rooms, because a load does not measure joining.

        Users who sign in through the form join once they have signed in.
        """
        needed = identities_needed(self._plan.users, self._plan.workers)
        signed_in = [
            one for number, line in enumerate(self._plan.identities[:needed])
            if not (one := Identity(number, line)).signs_in
        ]  # fmt: skip
        log(f"Adding {len(signed_in)} members")
        with ThreadPoolExecutor(CONCURRENT_JOINS) as pool:
            for _ in pool.map(self._join, signed_in):
                pass

    def _join(self, identity: Identity) -> None:
        headers = rest.headers_of(identity.line)
        for number in self._plan.load_shape.rooms_of(identity.number):
            self._call("POST", f"/rooms/{self._plan.rooms[number]}/join", headers=headers)

    def _call(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Any:
        """Call the API as the owner of the rooms, or with other headers."""
        headers = headers or self._owner_headers
        return rest.call_patiently(self._plan.host, method, path, headers, body)

    def _sign_in_owner(self) -> dict[str, str]:
        identities = self._plan.identities
        signed_in = [line for line in identities if not line.startswith("Account")]
        return rest.headers_of(signed_in[0] if signed_in else self._sign_in(identities[0]))

    def _sign_in(self, account: str) -> str:
        username, _, password = account.removeprefix("Account: ").partition(" ")
        try:
            return rest.sign_in(self._plan.host, username, password)
        except rest.RefusedError:
            raise TargetError(
                f"{username} of --accounts could not sign in at {self._plan.host}."
            ) from None
