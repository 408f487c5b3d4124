"""Which events end whose subscriptions and why, and how log entries are split after them."""

from hypothesis import given
from hypothesis import strategies as st

from hubbub.accounts.models import User
from hubbub.chat.log_entries import LogEntry
from hubbub.realtime.connections.connection import Connection, Identity
from hubbub.realtime.delivery.ended_subscriptions import (
    ENDING_TYPES,
    ended_by,
    split_after_endings,
)
from tests.support.fake_transport import FakeTransport


def entry(type: str, user: int | None = None, text: str = "{}") -> LogEntry:
    return LogEntry(1, type, None, user, text)


def connection_of(user_id: int) -> Connection:
    return Connection(FakeTransport(), Identity(User(pk=user_id), None, None, {}))


def test_a_leave_ends_all_subscriptions_of_the_member_who_left() -> None:
    alice, bob, other_tab_of_bob = connection_of(1), connection_of(2), connection_of(2)
    subscribers = [bob, alice, other_tab_of_bob]
    removed = entry("member.left", user=2, text='{"reason": "removed"}')
    assert ended_by(removed, subscribers) == ([bob, other_tab_of_bob], "removed")
    assert ended_by(entry("member.left", user=2), subscribers)[1] == "left"
    assert ended_by(entry("member.left", user=3), subscribers)[0] == []


def test_archiving_ends_all_subscriptions() -> None:
    subscribers = [connection_of(1), connection_of(2)]
    assert ended_by(entry("room.archived", user=1), subscribers) == (subscribers, "archived")


@given(st.lists(st.sampled_from(["message.created", "member.joined", *ENDING_TYPES])))
def test_entries_are_split_after_each_one_that_ends_subscriptions(types: list[str]) -> None:
    entries = [entry(type) for type in types]
    runs = list(split_after_endings(entries))
    assert [each for run in runs for each in run] == entries
    assert all(runs)
    assert not [each for run in runs for each in run[:-1] if each.type in ENDING_TYPES]
    assert all(run[-1].type in ENDING_TYPES for run in runs[:-1])
