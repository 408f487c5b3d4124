"""Somebody of the place, as a test knows them: the name, the id, and what makes one them."""

from dataclasses import dataclass

from loadtests.lib.client import rest


@dataclass(frozen=True, slots=True)
class Account:
    username: str
    id: int
    identity: str  # the header that makes one them, as `seed` writes it

    @property
    def headers(self) -> dict[str, str]:
        return rest.headers_of(self.identity)


def fetch_account(address: str, identity: str) -> Account:
    """Ask the place who that is. Raises `rest.RefusedError` and OSError."""
    me = rest.call(address, "GET", "/me", rest.headers_of(identity))
    return Account(me["username"], me["id"], identity)
