"""Pages of messages have the right content, and cost the same in a room of any size."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from hubbub.accounts.models import User
from hubbub.chat import queries
from hubbub.chat.actions import members, messages, rooms
from hubbub.chat.actions.send import send
from hubbub.chat.models import Event, Message, Room
from tests.support.api_client import ApiClient

pytestmark = pytest.mark.django_db

# One query each for the membership with its room, the messages with their quotes, and the notices.
PAGE_QUERIES = 3


def say(sender: User, room: Room, body: str, reply_to: Message | None = None) -> Message:
    nonce = f"{room.pk}:{body}"
    reply_to_id = reply_to.pk if reply_to else None
    return send(sender, room_id=room.pk, nonce=nonce, body=body, reply_to_id=reply_to_id)


def numbers(page: dict[str, Any]) -> list[int]:
    return [message["number"] for message in page["messages"]]


def test_paging_back_shows_every_message_and_notice_once(
    bob: User, charlie: User, harbour: Room
) -> None:
    for number in range(1, 24):
        say(bob, harbour, str(number))
        if number % 5 == 0:
            members.join(charlie, room_id=harbour.pk)
            members.leave(charlie, room_id=harbour.pk)
    met: list[int] = []
    query: dict[str, int] = {"limit": 4}
    while True:
        page = ApiClient(bob).get(f"/rooms/{harbour.pk}/messages", **query).json
        met += [frame["seq"] for frame in page["messages"] + page["notices"]]
        if not page["has_before"]:
            break
        query = {"limit": 4, "before": page["messages"][0]["seq"]}
    harbour.refresh_from_db()
    assert sorted(met) == list(range(1, harbour.seq + 1))


def test_paging_forward_from_a_link_shows_every_message_and_notice_once(
    bob: User, charlie: User, harbour: Room
) -> None:
    for number in range(1, 24):
        say(bob, harbour, str(number))
    members.join(charlie, room_id=harbour.pk)
    page = queries.messages_page(bob, harbour.pk, around=12, limit=5)
    assert numbers(page) == [9, 10, 11, 12, 13]
    assert (page["has_before"], page["has_after"]) == (True, True)
    met = [message["seq"] for message in page["messages"]]
    while page["has_after"]:
        page = queries.messages_page(bob, harbour.pk, after=met[-1], limit=5)
        assert page["has_before"]
        met += sorted(frame["seq"] for frame in page["messages"] + page["notices"])
    assert met == list(range(10, 26))


def test_an_empty_room_has_no_more_pages(bob: User, harbour: Room) -> None:
    page = queries.messages_page(bob, harbour.pk)
    assert (numbers(page), page["has_before"], page["has_after"]) == ([], False, False)
    assert [notice["type"] for notice in page["notices"]] == ["member.joined"]


def test_a_page_has_the_last_seq_from_before_it_was_read(bob: User, harbour: Room) -> None:
    first = say(bob, harbour, "first")
    messages.edit(bob, message_id=first.pk, body="first of all")
    page = queries.messages_page(bob, harbour.pk, before=first.seq)
    assert page["seq"] == first.seq + 1


def test_a_page_has_at_most_a_hundred_messages(bob: User, harbour: Room) -> None:
    fill(harbour, bob, 130)
    page = ApiClient(bob).get(f"/rooms/{harbour.pk}/messages", limit=10**6).json
    assert numbers(page) == list(range(31, 131))


def test_a_quote_is_the_message_as_it_is_now(bob: User, harbour: Room) -> None:
    question = say(bob, harbour, "Whn?")
    for number in range(10):
        say(bob, harbour, str(number))
    say(bob, harbour, "Now", reply_to=question)
    messages.edit(bob, message_id=question.pk, body="When?")
    page = queries.messages_page(bob, harbour.pk, limit=1)
    assert [quoted["body"] for quoted in page["quoted"]] == ["When?"]
    messages.delete(bob, message_id=question.pk)
    page = queries.messages_page(bob, harbour.pk, limit=1)
    assert page["quoted"][0]["body"] == ""
    assert page["quoted"][0]["html"] is None


def test_a_new_member_can_read_older_messages(bob: User, charlie: User, harbour: Room) -> None:
    say(bob, harbour, "before")
    members.join(charlie, room_id=harbour.pk)
    assert queries.messages_page(charlie, harbour.pk)["messages"][0]["body"] == "before"
    assert queries.room_for(charlie, harbour.pk)["read"] == 1


def test_joins_of_the_lobby_are_no_notices(bob: User, charlie: User, lobby: Room) -> None:
    assert queries.messages_page(bob, lobby.pk)["notices"] == []


def test_a_page_costs_as_many_queries_in_a_long_room_as_in_a_short_one(
    bob: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for name, count in (("Short", 100), ("Long", 10_000)):
        room = rooms.create(bob, name=name, kind="public")
        fill(room, bob, count)
        for query in ({}, {"before": room.seq // 2}, {"after": room.seq // 2}):
            with django_assert_num_queries(PAGE_QUERIES):
                page = queries.messages_page(bob, room.pk, **query)
            assert len(page["messages"]) >= 48
        with django_assert_num_queries(PAGE_QUERIES + 1):
            queries.messages_page(bob, room.pk, around=room.seq // 2)


def test_room_lists_need_as_many_queries_for_many_rooms_as_for_few(
    bob: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(1, 31):
        rooms.create(bob, name=f"Room {number}", kind="public")
        other = User.objects.create_user(f"person-{number:04}")
        rooms.open_direct(bob, user_id=other.pk)
    with django_assert_num_queries(2):
        assert len(queries.rooms_of(bob)) == 61
    with django_assert_num_queries(2):
        queries.directory(bob)


@pytest.mark.deployment
def test_every_query_of_a_page_reads_few_rows_through_an_index(bob: User) -> None:
    room = rooms.create(bob, name="Long", kind="public")
    fill(room, bob, 10_000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    middle = room.seq // 2
    for query in ({}, {"before": middle}, {"after": middle}, {"around": middle}):
        for statement in statements_of(partial(queries.messages_page, bob, room.pk, **query)):
            assert rows_read(statement) <= 100, statement


def fill(room: Room, sender: User, count: int) -> None:
    """Add `count` messages to a room, as `send` would, but in two bulk inserts."""
    now = timezone.now()
    seqs = range(room.seq + 1, room.seq + count + 1)
    made = Message.objects.bulk_create(
        Message(
            room=room,
            seq=seq,
            rev=seq,
            number=number,
            sender=sender,
            nonce=f"{room.pk}:{seq}",
            body=f"message {number}",
            created_at=now,
        )
        for number, seq in enumerate(seqs, start=1)
    )
    Event.objects.bulk_create(
        Event(room=room, seq=row.seq, type="message.created", at=now, actor=sender, message=row)
        for row in made
    )
    room.seq, room.messages = seqs[-1], count
    room.save()


def statements_of(read: Callable[[], object]) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        read()
    return [query["sql"] for query in captured if query["sql"].startswith("SELECT")]


def rows_read(statement: str) -> int:
    """Return how many rows are read in the step of PostgreSQL's query plan that reads the most."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}")
        [[plan]] = cursor.fetchone()
    return max(_rows_read(plan["Plan"]))


def _rows_read(node: dict[str, Any]) -> Iterator[int]:
    yield node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
    for child in node.get("Plans", []):
        yield from _rows_read(child)
