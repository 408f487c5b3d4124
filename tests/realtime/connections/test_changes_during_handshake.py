"""A user whose account changes while their handshake is authenticated is read again."""

import asyncio
from collections.abc import Callable

import pytest

from hubbub.accounts.models import Token, User
from hubbub.chat.log_entries import LogEntry
from hubbub.realtime.connections.authentication import (
    AUTHENTICATION_ATTEMPTS,
    HandshakeRejected,
    authenticate,
)
from hubbub.realtime.connections.connection import Identity
from hubbub.realtime.db.executors import close_all_connections
from hubbub.realtime.hub import Hub

pytestmark = pytest.mark.django_db(transaction=True)


class Handshake:
    """A user's handshake. During its nth read, the workspace log reports a ban of `changed(n)`."""

    def __init__(self, user: User, changed: Callable[[int], User | None]) -> None:
        self.headers = {"authorization": f"Bearer {Token.create(user, 'a bot')[1]}"}
        self.changed = changed
        self.reads = 0
        self.hub = Hub()
        self.hub.start("epoch", 0)

    def authenticate(self) -> Identity:
        return asyncio.run(self._authenticate())

    async def _authenticate(self) -> Identity:
        try:
            return await authenticate(self.headers, self.hub, self._start)
        finally:
            await close_all_connections()

    async def _start(self) -> None:
        self.reads += 1
        user = self.changed(self.reads)
        if user is not None:
            entry = LogEntry(self.reads, "user.banned", None, user.pk, "{}")
            # The event loop calls this once the read has started.
            asyncio.get_running_loop().call_soon(self.hub.workspace_log.receive, [entry])


def test_a_user_without_changes_is_read_once(bob: User) -> None:
    handshake = Handshake(bob, lambda read: None)
    assert handshake.authenticate().user == bob
    assert handshake.reads == 1


def test_a_change_to_another_user_does_not_matter(bob: User, dana: User) -> None:
    handshake = Handshake(bob, lambda read: dana)
    assert handshake.authenticate().user == bob
    assert handshake.reads == 1


def test_a_user_who_changes_is_read_again(bob: User) -> None:
    handshake = Handshake(bob, lambda read: bob if read == 1 else None)
    assert handshake.authenticate().user == bob
    assert handshake.reads == 2


def test_a_user_who_keeps_changing_tries_again_later(bob: User) -> None:
    handshake = Handshake(bob, lambda read: bob)
    with pytest.raises(HandshakeRejected) as rejected:
        handshake.authenticate()
    assert rejected.value.code == 4005
    assert handshake.reads == AUTHENTICATION_ATTEMPTS
