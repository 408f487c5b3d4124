"""REST calls and forms, against a server with scripted answers."""

import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from loadtests.lib.client import rest


@pytest.mark.parametrize("name", ["sessionid", "__Host-sessionid"])
def test_signing_in_returns_the_session_as_a_header_line(name: str) -> None:
    with scripted_server(302, f"{name}=secret; Path=/; HttpOnly") as (address, received):
        assert rest.sign_in(address, "bob", "a password") == f"Cookie: {name}=secret"
    [form] = received
    assert (form["login"], form["password"]) == (["bob"], ["a password"])
    assert form["csrfmiddlewaretoken"] == form["cookie token"]


@pytest.mark.parametrize(("status", "cookie"), [(200, ""), (302, "other=1"), (403, "sessionid=x")])
def test_a_failed_sign_in_is_refused(status: int, cookie: str) -> None:
    with (
        scripted_server(status, cookie) as (address, _),
        pytest.raises(rest.RefusedError) as refused,
    ):
        rest.sign_in(address, "bob", "wrong")
    assert refused.value.status == status


@pytest.mark.parametrize("status", [301, 302, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    cookie = {"Cookie": "sessionid=x"}
    with (
        scripted_server(status, "") as (address, received),
        pytest.raises(rest.RedirectedError) as redirected,
    ):
        rest.call(address, "POST", "/rooms", cookie, {"name": "one"})
    assert (redirected.value.status, len(received)) == (status, 1)


def test_an_accepted_form_redirects() -> None:
    cookie = {"Cookie": "sessionid=x"}
    with scripted_server(302, "") as (address, received):
        rest.post_form(address, "/settings/", cookie, {})
    assert len(received) == 1
    with scripted_server(308, "") as (address, _), pytest.raises(rest.RedirectedError):
        rest.post_form(address, "/settings/", cookie, {})


def test_a_rate_limit_of_a_proxy_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rest, "RETRY_SECONDS", 0.01)
    cookie = {"Cookie": "sessionid=x"}
    with (
        scripted_server(429, "", "<html>Slow down", answers=3) as (address, received),
        pytest.raises(OSError, match="refused"),
    ):
        rest.call_patiently(address, "POST", "/rooms", cookie, {"name": "one"})
    assert len(received) == 3


@contextmanager
def scripted_server(
    status: int, cookie: str, body: str = "", answers: int = 1
) -> Iterator[tuple[str, list[dict[str, list[str]]]]]:
    """Answer requests with the given status and cookie.

    Yield the server's address and the forms that it received.
    """
    received: list[dict[str, list[str]]] = []

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
            token = self.headers["Cookie"].rpartition("csrftoken=")[2]
            received.append(urllib.parse.parse_qs(sent) | {"cookie token": [token]})
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
        yield f"127.0.0.1:{server.server_port}", received
        answering.join()
