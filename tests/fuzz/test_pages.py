"""No URL and no form input leads to a 5xx or to an endless response.

The raw bytes go to a real replica: no client library cleans them up first.
"""

from urllib.parse import quote_from_bytes, urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from loadtests.lib.servers import Replica
from loadtests.lib.simulation.account import Account
from tests.cluster.stage import Stage
from tests.fuzz.raw_http import Response, send_request
from tests.fuzz.rounds import TIMES, examples

pytestmark = [pytest.mark.deployment, pytest.mark.timeout(120 * TIMES)]

CSRF = "c" * 32
# The longest page belongs to the Django admin and lists 200 users.
MAX_BYTES = 2_000_000
PAGES = [
    "/",
    "/rooms/{}",
    "/rooms/{}/{}",
    "/catalog.js",
    "/welcome/",
    "/settings/",
    "/accounts/login/",
    "/accounts/signup/",
    "/accounts/email/",
    "/accounts/password/reset/",
    "/accounts/password/reset/key/{}-{}/",
    "/accounts/confirm-email/{}/",
    "/admin/",
    "/admin/accounts/user/",
    "/admin/chat/room/{}/change/",
    "/admin/chat/message/",
    "/static/{}",
    "/{}",
]
FORMS = {
    "/accounts/login/": ["login", "password", "remember", "next"],
    "/accounts/signup/": ["username", "email", "password1", "password2", "next"],
    "/accounts/email/": ["email", "action_add", "action_send", "action_remove"],
    "/accounts/password/change/": ["oldpassword", "password1", "password2"],
    "/accounts/password/reset/": ["email"],
    "/accounts/password/reset/key/{}-{}/": ["password1", "password2"],
    "/settings/name/": ["name"],
    "/settings/tokens/": ["name"],
    "/settings/tokens/{}/revoke/": ["x"],
}
QUERY = ["next", "q", "o", "p", "page", "_popup", "id__exact", "all", "e", "format", "username"]

ODD = st.sampled_from(
    [
        *(b"", b"0", b"1", b"-1", b"1.5", b"1e9", b"9" * 18, b"9" * 19, b"9" * 40, b"9" * 5_000),
        *(b"\0", b"a\0b", b"\xff\xfe", b"\xc3", b"\xed\xa0\x80", b"\xf0\x9f\x92\xa9", b"%", b"%00"),
        *(
            "١٢٣".encode(),
            "é".encode() * 200,
            b"x" * 5_000,
            b"../" * 9 + b"etc/passwd",
            b"..\\",
            b"//",
        ),
        *(b"\r\nX: y", b"<script>", b"{{7*7}}", b"' OR 1=1 --", b"%s%n", b"a@b", b"a@b.c" * 80),
        *(b"https://evil.example/", b"//evil.example", b"javascript:alert(1)", b"\xe2\x80\xae"),
    ]
)
BYTES = ODD | st.binary(max_size=30) | st.text(max_size=30).map(lambda text: text.encode())


@pytest.fixture(params=["signed out", "bob", "alice"])
def visitor(request: pytest.FixtureRequest, target: Stage) -> Account | None:
    return None if request.param == "signed out" else target.user(request.param)


def request_page(
    replica: Replica, visitor: Account | None, method: str, url: str, form: bytes | None = None
) -> Response:
    cookies = [f"csrftoken={CSRF}", *([visitor.headers["Cookie"][:]] if visitor else [])]
    headers = {"Cookie": "; ".join(cookies), "X-CSRFToken": CSRF}
    if form is not None:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    answer = send_request(replica.port, method, url, headers, form)
    assert answer.status < 500, (method, url, form, answer)
    assert len(answer.body) <= MAX_BYTES
    return answer


def url_of(page: str, parts: list[bytes], query: list[tuple[str, bytes]]) -> str:
    filled = page.format(*(quote_from_bytes(part, safe="") for part in parts))
    return f"{filled}?{urlencode(query)}" if query else filled


PARTS = st.lists(BYTES, min_size=2, max_size=2)
QUERIES = st.lists(st.tuples(st.sampled_from(QUERY), BYTES), max_size=3)


@given(page=st.sampled_from(PAGES), parts=PARTS, query=QUERIES)
@examples(80)
@example("/rooms/{}", [b"9" * 18, b""], [])
@example("/accounts/login/", [b"", b""], [("next", b"\0")])
@example("/admin/accounts/user/", [b"", b""], [("q", b"\0"), ("p", b"9" * 40)])
@example("/admin/accounts/user/", [b"", b""], [("format", b"x")])
@example("/welcome/", [b"", b""], [("next", b"0")])
def test_no_url_breaks_a_page(
    target: Stage,
    visitor: Account | None,
    page: str,
    parts: list[bytes],
    query: list[tuple[str, bytes]],
) -> None:
    request_page(target.cluster.replicas[0], visitor, "GET", url_of(page, parts, query))


@given(data=st.data(), page=st.sampled_from(sorted(FORMS)), parts=PARTS)
@examples(60)
def test_no_form_breaks_a_page(
    target: Stage, visitor: Account | None, data: st.DataObject, page: str, parts: list[bytes]
) -> None:
    fields = st.lists(st.tuples(st.sampled_from(FORMS[page]), BYTES), max_size=5)
    form = urlencode(data.draw(fields)).encode()
    request_page(target.cluster.replicas[0], visitor, "POST", url_of(page, parts, []), form)


@given(line=st.binary(max_size=40), body=st.none() | BYTES)
@examples(60)
@example(b"?next=\xff", None)
def test_no_bytes_in_the_request_line_or_body_break_a_page(
    target: Stage, line: bytes, body: bytes | None
) -> None:
    """The bytes are sent unescaped, without those that would end the request line."""
    spaceless = bytes(byte for byte in line if byte not in b"\r\n ").decode("latin1")
    method = "GET" if body is None else "POST"
    request_page(target.cluster.replicas[0], None, method, f"/accounts/login/{spaceless}", body)
