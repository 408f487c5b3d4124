"""REST reports exceeded limits, invalid requests and an unavailable database as problems."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from socket import socket
from threading import Event, Thread
from time import monotonic
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from hubbub.accounts.models import User
from hubbub.chat import rate_limits
from hubbub.chat.models import Room
from hubbub.chat.rate_limits import RateLimit
from tests.support.api_client import ApiClient, ApiResponse

pytestmark = pytest.mark.django_db

HUGE_IDS = [0, 2**63, 10**30, 10**5000]


def test_a_body_over_the_limit_of_characters_is_too_large(bob: User, lobby: Room) -> None:
    address = f"/rooms/{lobby.pk}/messages"
    longest = "ö" * settings.MAX_BODY_CHARS
    sent = ApiClient(bob).post(address, body=longest)
    assert sent.json["body"] == longest
    assert ApiClient(bob).post(address, body=longest + "o").problem == (413, "too_large")
    edited = ApiClient(bob).patch(f"/messages/{sent.json['id']}", body=longest + "o")
    assert edited.problem == (413, "too_large")


def test_a_request_over_the_byte_limit_is_not_parsed(bob: User, lobby: Room) -> None:
    address = f"/rooms/{lobby.pk}/messages"
    for size in (settings.MAX_FRAME_BYTES + 1, 4_000_000):
        refused = ApiClient(bob).raw("POST", address, b" " * size)
        assert refused.problem == (413, "too_large")
    without_length = ApiClient(bob).raw(
        "POST", address, b" " * (settings.MAX_FRAME_BYTES + 1), CONTENT_LENGTH=""
    )
    assert without_length.status in (400, 413)


def test_sending_too_fast_returns_retry_after(
    alice: User, bob: User, lobby: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limits, "messages", RateLimit(burst=3, per_second=0.1))
    address = f"/rooms/{lobby.pk}/messages"
    sent = [ApiClient(bob).post(address, body=str(number)) for number in range(3)]
    assert {answer.status for answer in sent} == {201}
    for refused, tokens in (
        (ApiClient(bob).post(address, body="one more"), 1),
        (ApiClient(bob).patch(f"/messages/{sent[0].json['id']}", body="another"), 2),
    ):
        assert refused.problem == (429, "rate_limited")
        assert 10 * tokens - 5 < refused.json["retry_after"] <= 10 * tokens
        assert int(refused.headers["Retry-After"]) >= refused.json["retry_after"]
    assert ApiClient(alice).post(address, body="I may").status == 201


def test_too_many_requests_are_refused(bob: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limits, "commands", RateLimit(burst=3, per_second=0.1))
    for _ in range(3):
        assert ApiClient(bob).get("/me").status == 200
    assert ApiClient.with_token(bob).get("/me").problem == (429, "rate_limited")


@pytest.mark.parametrize("body", ["", "{", "nonsense", "[" * 60_000, "[]", "null", '"x"', b"\xff"])
def test_a_body_that_is_not_a_json_object_is_invalid(
    bob: User, lobby: Room, body: str | bytes
) -> None:
    sent = ApiClient(bob).raw("POST", f"/rooms/{lobby.pk}/messages", body)
    assert sent.problem == (400, "invalid")


@pytest.mark.parametrize(
    "wrong",
    [
        {"body": 5},
        {"body": None},
        {"body": ""},
        {"body": " \n"},
        {"body": "x", "nonce": ""},
        {"body": "x", "nonce": "n" * 65},
        {"body": "x", "nonce": "a\0b"},
        {"body": "x", "nonce": "\ud800"},
        {"body": "\udfff"},
        {"body": "x", "reply_to": "5"},
        {"body": "x", "reply_to": True},
        {"body": "x", "reply_to": 2**63},
        {"body": "x", "reply_to": 10**12},
    ],
)
def test_a_message_of_the_wrong_shape_is_invalid(
    bob: User, lobby: Room, wrong: dict[str, Any]
) -> None:
    assert ApiClient(bob).post(f"/rooms/{lobby.pk}/messages", **wrong).problem == (400, "invalid")


def test_a_nul_in_a_message_is_removed(bob: User, lobby: Room) -> None:
    assert ApiClient(bob).post(f"/rooms/{lobby.pk}/messages", body="a\0b").json["body"] == "ab"


@pytest.mark.parametrize("number", HUGE_IDS, ids=["zero", "65 bits", "100 bits", "5,000 digits"])
def test_an_impossible_id_is_not_found(bob: User, number: int) -> None:
    digits = str(number) if number < 10**4000 else "1" + "0" * 4999
    for method, path in [
        ("GET", f"/rooms/{digits}"),
        ("GET", f"/rooms/{digits}/messages"),
        ("POST", f"/rooms/{digits}/join"),
        ("DELETE", f"/messages/{digits}"),
        ("DELETE", f"/rooms/1/members/{digits}"),
    ]:
        assert ApiClient(bob).raw(method, path).problem == (404, "not_found")


@pytest.mark.parametrize("path", ["/nowhere", "/rooms/1/nowhere", "/rooms/", "/rooms/x"])
def test_an_unknown_path_is_not_found(bob: User, path: str) -> None:
    assert ApiClient(bob).get(path).problem == (404, "not_found")


@pytest.mark.parametrize(
    "query",
    [{"before": "x"}, {"before": -1}, {"after": 2**63}, {"limit": 0}, {"before": 1, "after": 1}],
)
def test_invalid_page_parameters_are_refused(
    bob: User, lobby: Room, query: dict[str, object]
) -> None:
    assert ApiClient(bob).get(f"/rooms/{lobby.pk}/messages", **query).problem == (400, "invalid")


@pytest.mark.parametrize("edge", ["before", "after", "around"])
def test_the_largest_possible_seq_is_a_valid_position(bob: User, lobby: Room, edge: str) -> None:
    page = ApiClient(bob).get(f"/rooms/{lobby.pk}/messages", **{edge: 2**63 - 1})
    assert (page.status, page.json["messages"]) == (200, [])


SOME_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
FIELDS = ["body", "nonce", "reply_to", "name", "kind", "topic", "user", "role", "number", "q"]
REQUESTS = st.sampled_from(
    [
        ("POST", "/rooms"),
        ("PATCH", "/rooms/{room}"),
        ("POST", "/rooms/{room}/messages"),
        ("POST", "/rooms/{room}/members"),
        ("PATCH", "/rooms/{room}/members/{room}"),
        ("POST", "/rooms/{room}/read"),
        ("PATCH", "/messages/{room}"),
        ("POST", "/direct"),
    ]
)


@given(
    request=REQUESTS,
    id=st.integers(min_value=-1, max_value=2**65),
    body=SOME_JSON | st.dictionaries(st.sampled_from(FIELDS), SOME_JSON),
    query=st.dictionaries(st.sampled_from(["q", "before", "around", "limit", "offset"]), st.text()),
)
@hypothesis_settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_no_random_request_causes_a_server_error(
    bob: User, request: tuple[str, str], id: int, body: object, query: dict[str, str]
) -> None:
    method, path = request
    rate_limits.messages.reset()
    rate_limits.commands.reset()
    session = ApiClient.with_token(bob)
    answer = session.raw(method, path.format(room=id % 7 or id), json.dumps(body))
    _ensure_clear(answer)
    for address in ("/rooms/directory", "/people", "/rooms/1/messages", "/rooms/1/members"):
        _ensure_clear(session.get(address, **query))


def _ensure_clear(answer: ApiResponse) -> None:
    if answer.status not in (200, 201, 204):
        assert answer.problem in [(400, "invalid"), (403, "forbidden"), (404, "not_found")]


@pytest.mark.django_db(transaction=True)
def test_a_locked_room_is_soon_unavailable(bob: User, lobby: Room) -> None:
    address = f"/rooms/{lobby.pk}/messages"
    session = ApiClient(bob)
    with locked_elsewhere(lobby), CaptureQueriesContext(connection) as queries:
        started = monotonic()
        refused = session.post(address, body="now?", nonce="n1")
        # The request waits for LOCK_SECONDS, or longer on a busy machine, but it ends before the
        # timeout of the statement itself, DATABASE_TIMEOUT_SECONDS.
        assert monotonic() - started < settings.DATABASE_TIMEOUT_SECONDS
    if connection.vendor == "postgresql":  # SQLite uses its connection's timeout instead
        statements = "".join(query["sql"] for query in queries)
        waits = re.findall(r"lock_timeout = (\d+)", statements)
        assert 0 < sum(map(int, waits)) <= settings.LOCK_SECONDS * 1000
    assert refused.problem == (503, "unavailable")
    assert refused.json["retry_after"] > 0
    again = session.post(address, body="now?", nonce="n1")
    assert (again.status, again.json["number"]) == (201, 1)


@pytest.mark.deployment
@pytest.mark.django_db(transaction=True)
def test_without_a_database_the_api_is_unavailable(bob: User) -> None:
    session, bot = ApiClient(bob), ApiClient.with_token(bob)
    with connected_to_nothing():
        answers = [session.get("/rooms"), bot.get("/rooms"), session.post("/direct", user=bob.pk)]
    assert {answer.problem for answer in answers} == {(503, "unavailable")}
    assert session.get("/rooms").status == 200


@contextmanager
def locked_elsewhere(room: Room) -> Iterator[None]:
    """Hold a room's lock on another connection (on SQLite, the lock of the whole database)."""
    held, done = Event(), Event()

    def hold() -> None:
        with transaction.atomic():
            Room.objects.lock(room.pk)
            held.set()
            done.wait(20)
        connection.close()

    thread = Thread(target=hold)
    thread.start()
    assert held.wait(10)
    try:
        yield
    finally:
        done.set()
        thread.join()


@contextmanager
def connected_to_nothing() -> Iterator[None]:
    """Make this thread connect to PostgreSQL on a port where nothing listens."""
    with socket() as unused:
        unused.bind(("127.0.0.1", 0))
        known = connection.settings_dict.copy()
        connection.close()
        connection.settings_dict["PORT"] = unused.getsockname()[1]
        try:
            yield
        finally:
            connection.close()
            connection.settings_dict.update(known)
