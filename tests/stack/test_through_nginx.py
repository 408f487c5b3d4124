"""The whole stack works for browsers and other clients, which see it through nginx."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from urllib.parse import urlencode

import pytest

from loadtests.lib.servers.process import HOST
from loadtests.lib.servers.stack import RunningStack
from tests.stack.browsers import assert_two_browsers_chat
from tests.stack.deployed_stage import DeployedStage

YEAR_SECONDS = 365 * 24 * 3600
PASSWORD_RESETS_A_MINUTE = 60  # allauth's limit per address
SECURITY = (
    *("Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy"),
    "Cross-Origin-Opener-Policy",
)


async def test_two_browsers_chat(stage: DeployedStage) -> None:
    await assert_two_browsers_chat(stage)


@pytest.mark.parametrize("encoding", ["br", "gzip"])
def test_static_files_are_compressed_and_cached_for_years(
    stack: RunningStack, encoding: str
) -> None:
    _, _, page = get(stack, "/accounts/login/")
    sheets = re.findall(r'rel="stylesheet" href="([^"]+)"', page)
    assert sheets
    for sheet in sheets:
        assert re.search(r"\.[0-9a-f]{12}\.css$", sheet)
        status, headers, _ = get(stack, sheet, Accept_Encoding=encoding)
        assert (status, headers["Content-Encoding"]) == (200, [encoding])
        assert "immutable" in headers["Cache-Control"][0]
        assert f"max-age={10 * YEAR_SECONDS}" in headers["Cache-Control"][0]


@pytest.mark.parametrize("path", ["/accounts/login/", "/nowhere", "/api/rooms", "/metrics"])
def test_security_headers_appear_once(stack: RunningStack, path: str) -> None:
    _, headers, _ = get(stack, path)
    for name in SECURITY:
        assert len(headers.get(name, [])) == 1, name


def test_metrics_and_probes_are_internal(stack: RunningStack) -> None:
    for path in ("/metrics", "/readyz"):
        assert get(stack, path)[0] == 404
        for name, row in stack.processes().items():
            if name.startswith(("web-", "realtime-")):
                assert get(stack, path, port=row.port)[0] == 200


def test_limits_per_address_use_the_real_address(stack: RunningStack) -> None:
    """A client cannot evade its limit with X-Forwarded-For. Every address has its own limit."""
    form = urlencode({"csrfmiddlewaretoken": "c" * 32})

    def ask(source: str, claims: str) -> int:
        status, _, _ = get(
            stack,
            "/accounts/password/reset/key/1-guessed/",
            form=form,
            source=source,
            Cookie=f"csrftoken={'c' * 32}",
            Content_Type="application/x-www-form-urlencoded",
            X_Forwarded_For=claims,
        )
        return status

    tries = range(PASSWORD_RESETS_A_MINUTE + 1)
    statuses = [ask("127.0.0.21", f"10.0.0.{number}") for number in tries]
    assert statuses == [200] * PASSWORD_RESETS_A_MINUTE + [429]
    assert ask("127.0.0.22", "127.0.0.21") == 200


def get(
    stack: RunningStack,
    path: str,
    *,
    port: int | None = None,
    source: str = HOST,
    form: str | None = None,
    **headers: str,
) -> tuple[int, dict[str, list[str]], str]:
    """Return a response's status, headers and text. With `form`, the request is a POST."""
    with _connection(port or stack.port, source) as connection:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("POST" if form else "GET", path, form, named)
        answer = connection.getresponse()
        found: dict[str, list[str]] = {}
        for name, value in answer.getheaders():
            found.setdefault(name, []).append(value)
        return answer.status, found, answer.read().decode(errors="replace")


@contextmanager
def _connection(port: int, source: str) -> Iterator[HTTPConnection]:
    connection = HTTPConnection(HOST, port, timeout=20, source_address=(source, 0))
    try:
        yield connection
    finally:
        connection.close()
