"""What a client of the protocol asks over REST and forms, against a place that answers as told."""

import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from loadtests.lib.client import rest


@pytest.mark.parametrize("name", ["sessionid", "__Host-sessionid"])
def test_who_signs_in_has_the_line_of_their_session(name: str) -> None:
    with a_place(302, f"{name}=secret; Path=/; HttpOnly") as (address, asked):
        assert rest.sign_in(address, "bob", "a password") == f"Cookie: {name}=secret"
    [form] = asked
    assert (form["login"], form["password"]) == (["bob"], ["a password"])
    assert form["csrfmiddlewaretoken"] == form["cookie of it"]


@pytest.mark.parametrize(("status", "cookie"), [(200, ""), (302, "other=1"), (403, "sessionid=x")])
def test_who_is_not_let_in_is_refused(status: int, cookie: str) -> None:
    with a_place(status, cookie) as (address, _), pytest.raises(rest.RefusedError) as refused:
        rest.sign_in(address, "bob", "wrong")
    assert refused.value.status == status


@pytest.mark.parametrize("status", [301, 302, 308])
def test_what_is_asked_of_an_address_that_leads_elsewhere_is_not_asked_there(status: int) -> None:
    cookie = {"Cookie": "sessionid=x"}
    with a_place(status, "") as (address, asked), pytest.raises(rest.RedirectedError) as led:
        rest.call(address, "POST", "/rooms", cookie, {"name": "one"})
    assert (led.value.status, len(asked)) == (status, 1)


def test_a_form_that_was_taken_leads_on() -> None:
    cookie = {"Cookie": "sessionid=x"}
    with a_place(302, "") as (address, asked):
        rest.post_form(address, "/settings/", cookie, {})
    assert len(asked) == 1
    with a_place(308, "") as (address, _), pytest.raises(rest.RedirectedError):
        rest.post_form(address, "/settings/", cookie, {})


def test_who_is_told_to_slow_down_in_words_that_are_not_ours_waits_and_asks_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rest, "RETRY_SECONDS", 0.01)
    cookie = {"Cookie": "sessionid=x"}
    with (
        a_place(429, "", "<html>Slow down", answers=3) as (address, asked),
        pytest.raises(OSError, match="refused"),
    ):
        rest.call_patiently(address, "POST", "/rooms", cookie, {"name": "one"})
    assert len(asked) == 3


@contextmanager
def a_place(
    status: int, cookie: str, body: str = "", answers: int = 1
) -> Iterator[tuple[str, list[dict[str, list[str]]]]]:
    """Answer so many forms with a status and a cookie; yield the address, and what was sent."""
    asked: list[dict[str, list[str]]] = []

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
            token = self.headers["Cookie"].rpartition("csrftoken=")[2]
            asked.append(urllib.parse.parse_qs(sent) | {"cookie of it": [token]})
            self.send_response(status)
            self.send_header("Location", "/")
            self.send_header("Set-Cookie", cookie)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Answer) as server:

        def answer() -> None:
            for _ in range(answers):
                server.handle_request()
            server.server_close()

        answering = Thread(target=answer)
        answering.start()
        yield f"127.0.0.1:{server.server_port}", asked
        answering.join()
