"""Signs users in through the form, and creates bearer tokens for bots.

All functions use Locust's HTTP client, so that each request is in Locust's statistics by name.
"""

import re
from urllib.parse import urlencode

from locust.contrib.fasthttp import FastHttpSession
from locust.exception import StopUser

SIGN_IN = "/accounts/login/"
TOKENS = "/settings/tokens/"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
CSRF = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
SECRET = re.compile(r'<code class="secret"[^>]*>([^<]+)</code>')
REVOKE = re.compile(r'action="(/settings/tokens/\d+/revoke/)"')
SESSION = "sessionid"


class SignInFailedError(StopUser):
    """A user could not sign in. Locust's statistics contain the request that failed."""


def sign_in(http: FastHttpSession, username: str, password: str) -> str:
    """Sign in through the form. Return the session as `Cookie: …`. Raises SignInFailedError."""
    page = http.get(SIGN_IN, name=SIGN_IN)
    form = {"login": username, "password": password, "csrfmiddlewaretoken": _csrf(page.text or "")}
    headers = FORM | {"Referer": f"{http.base_url}{SIGN_IN}"}
    with http.post(
        SIGN_IN, urlencode(form), name=SIGN_IN, headers=headers, catch_response=True
    ) as answer:
        cookies = [one for one in http.cookiejar if one.name.endswith(SESSION)]
        if not cookies:
            answer.failure("signed in, but got no session")
            raise SignInFailedError
    http.cookiejar.clear()
    return f"Cookie: {cookies[0].name}={cookies[0].value}"


def create_token(http: FastHttpSession, headers: dict[str, str], name: str) -> tuple[str, str]:
    """Create a bearer token on the settings page.

    Return the token's header line, and the path that revokes the token.
    """
    page = _post(http, TOKENS, TOKENS, headers, name=name)
    secret, revoke = SECRET.search(page), REVOKE.findall(page)
    if secret is None or not revoke:
        raise SignInFailedError
    return f"Authorization: Bearer {secret[1]}", max(revoke, key=lambda path: (len(path), path))


def revoke_token(http: FastHttpSession, headers: dict[str, str], path: str) -> None:
    _post(http, path, "/settings/tokens/[id]/revoke/", headers)


def _post(
    http: FastHttpSession, path: str, name_in_stats: str, headers: dict[str, str], **fields: str
) -> str:
    form = {**fields, "csrfmiddlewaretoken": headers["X-CSRFToken"]}
    answer = http.post(path, urlencode(form), name=name_in_stats, headers=headers | FORM)
    return answer.text or ""


def _csrf(page: str) -> str:
    found = CSRF.search(page)
    return found[1] if found else ""
