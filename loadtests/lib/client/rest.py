"""The REST calls that clients and tools need: loading a room, sending, forms, signing in.

The calls block, with plain `urllib`: asyncio code makes them in threads, gevent code directly. An
address is `host:port`, or the public address of a workspace: `https://chat.example.org`.
"""

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable
from http.client import HTTPException
from http.cookies import SimpleCookie
from typing import Any

from loadtests.lib.client.history import Frame

PAGE_MESSAGES = 100
TIMEOUT_SECONDS = 10
RETRY_SECONDS = 1.0  # the delay before a retry if the answer names none
FOUND, TOO_MANY_REQUESTS = 302, 429
REDIRECTS, FORM_ACCEPTED = range(300, 400), {302, 303}
SIGN_IN = "/accounts/login/"
# Any value works as the CSRF token, if the cookie has the same value as the header or form field.
CSRF_TOKEN = "c" * 32


class RefusedError(Exception):
    """The answer's status is not 2xx. `problem` is its JSON, or its text if it has no JSON."""

    def __init__(self, status: int, problem: Any) -> None:
        super().__init__(status, problem)
        self.status, self.problem = status, problem

    @property
    def retry_after(self) -> float:
        """The seconds to wait before a retry.

        A proxy that limits rates does not answer with Hubbub's JSON, so there is a default.
        """
        seconds = self.problem.get("retry_after") if isinstance(self.problem, dict) else None
        return RETRY_SECONDS if seconds is None else float(seconds)


class RedirectedError(RefusedError):
    """The answer is a redirect. It is not followed: the address could be the wrong one."""


def http_url(address: str) -> str:
    return address.rstrip("/") if "://" in address else f"http://{address}"


def call(
    address: str, method: str, path: str, headers: dict[str, str], body: Frame | None = None
) -> Any:
    """Return the JSON of the answer; None if it is empty. Raises RefusedError and OSError."""
    request = urllib.request.Request(
        f"{http_url(address)}/api{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers=headers | csrf(address, headers) | {"Content-Type": "application/json"},
    )
    return _json(_answer(request))


def post_form(address: str, path: str, headers: dict[str, str], fields: Frame) -> None:
    """Post a form of one of the pages, as a browser would. Raises RefusedError and OSError."""
    own = headers | csrf(address, headers)
    form = fields | {"csrfmiddlewaretoken": own["X-CSRFToken"]}
    request = urllib.request.Request(
        f"{http_url(address)}{path}", data=urllib.parse.urlencode(form).encode(), headers=own
    )
    try:
        _answer(request)
    except RedirectedError as redirected:
        if redirected.status not in FORM_ACCEPTED:
            raise


def sign_in(address: str, username: str, password: str) -> str:
    """Sign in with the form. Return the session as a `Cookie: …` line.

    Raises RefusedError and OSError.
    """
    form = {"login": username, "password": password, "csrfmiddlewaretoken": CSRF_TOKEN}
    request = urllib.request.Request(
        f"{http_url(address)}{SIGN_IN}",
        data=urllib.parse.urlencode(form).encode(),
        headers={"Cookie": f"csrftoken={CSRF_TOKEN}", "Referer": f"{http_url(address)}{SIGN_IN}"},
    )
    try:
        with _opener.open(request, timeout=TIMEOUT_SECONDS):
            raise RefusedError(200, "the form was rejected")
    except urllib.error.HTTPError as answer:
        with answer:
            jar = SimpleCookie(", ".join(answer.headers.get_all("Set-Cookie", [])))
            for name, morsel in jar.items():
                if name.endswith("sessionid") and answer.code == FOUND:
                    return f"Cookie: {name}={morsel.value}"
            raise RefusedError(answer.code, _json(answer.read())) from None


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Handles a redirect as an error instead of following it.

    A redirect is the expected answer to a form; elsewhere it is an error.
    """

    def redirect_request(self, *_: Any) -> None:
        return None


_opener = urllib.request.build_opener(_NoRedirect)


def call_patiently(
    address: str, method: str, path: str, headers: dict[str, str], body: Frame | None = None
) -> Any:
    """Call the API. If the call is rate-limited, wait as long as the answer says and try again."""
    while True:
        try:
            return call(address, method, path, headers, body)
        except RefusedError as refused:
            if refused.status != TOO_MANY_REQUESTS:
                raise
            time.sleep(refused.retry_after)


def create_private_room(
    address: str, headers: dict[str, str], name: str, members: Iterable[int]
) -> int:
    """Create a room whose members are the users with these ids. Return the room's id.

    Raises the same errors as `call`.
    """
    room = call_patiently(address, "POST", "/rooms", headers, {"name": name, "kind": "private"})
    for user in members:
        call_patiently(address, "POST", f"/rooms/{room['id']}/members", headers, {"user": user})
    return int(room["id"])


def headers_of(identity: str) -> dict[str, str]:
    """Return the headers for an identity, a line of `manage.py seed --sessions`."""
    header, _, value = identity.strip().partition(": ")
    return {header: value}


def load_room(
    address: str, room: int, headers: dict[str, str], pages: int | None = None
) -> tuple[int, list[Frame]]:
    """Return a room's messages, and its last seq from before the first page was read.

    Loads all messages, or only the newest `pages` pages.
    """
    newest = page = read_page(address, room, headers)
    messages: list[Frame] = page["messages"]
    while page["has_before"] and pages != 1:
        page = read_page(address, room, headers, min(one["seq"] for one in page["messages"]))
        messages += page["messages"]
        pages = pages and pages - 1
    return newest["seq"], messages


def read_page(address: str, room: int, headers: dict[str, str], before: int | None = None) -> Frame:
    """Return a page of a room's messages: the newest ones, or those before a seq."""
    query = f"?limit={PAGE_MESSAGES}" + ("" if before is None else f"&before={before}")
    page: Frame = call(address, "GET", f"/rooms/{room}/messages{query}", headers)
    return page


def _answer(request: urllib.request.Request) -> bytes:
    try:
        with _opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
            return bytes(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            kind = RedirectedError if error.code in REDIRECTS else RefusedError
            raise kind(error.code, _json(error.read())) from None
    except HTTPException as error:  # the connection ended in the middle of an answer
        raise ConnectionError(str(error)) from error


def csrf(address: str, headers: dict[str, str]) -> dict[str, str]:
    """Return the headers that a browser adds to a request that changes something.

    Bots do not need them, so there are none for a bearer token.
    """
    if "Cookie" not in headers:
        return {}
    return {
        "Cookie": f"{headers['Cookie']}; csrftoken={CSRF_TOKEN}",
        "X-CSRFToken": CSRF_TOKEN,
        "Referer": f"{http_url(address)}/",  # Django checks the referer over TLS
    }


def _json(text: bytes) -> Any:
    try:
        return json.loads(text) if text else None
    except ValueError:
        return text.decode(errors="replace")
