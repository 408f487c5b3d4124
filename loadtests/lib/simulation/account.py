"""What a test knows about a user's account: name, id and credentials."""

from dataclasses import dataclass

from loadtests.lib.client import rest


@dataclass(frozen=True, slots=True)
class Account:
    username: str
    id: int
    # The header line that authenticates the user, in the form in which `seed` writes it.
    identity: str

    @property
    def headers(self) -> dict[str, str]:
        return rest.headers_of(self.identity)


def fetch_account(address: str, identity: str) -> Account:
    """Ask the server which account `identity` signs in. Raises `rest.RefusedError` and OSError."""
    me = rest.call(address, "GET", "/me", rest.headers_of(identity))
    return Account(me["username"], me["id"], identity)
