"""REST as its callers see it: somebody's client for the addresses under /api.

Django's own test client with the middleware and the CSRF check on; only the server between is left
out. The tests of replicas call the same addresses through real ones.
"""

import json
from dataclasses import dataclass
from typing import Any

from django.test import Client

from hubbub.accounts.models import Token, User


@dataclass
class Answer:
    status: int
    json: Any
    headers: Any

    @property
    def problem(self) -> tuple[int, str]:
        """The status and the problem's code, having looked whether it is one as we promise."""
        assert self.json["detail"], self.json
        return self.status, self.json["code"]


class Rest:
    """`Rest()` is nobody, `Rest(bob)` has a session of his, `Rest.with_token(bob)` a token."""

    def __init__(self, user: User | None = None, **headers: str) -> None:
        self.client = Client(enforce_csrf_checks=True, raise_request_exception=False)
        self.headers = headers
        if user is not None:
            self.client.force_login(user)
            self.client.cookies["csrftoken"] = "c" * 32
            self.headers = {"X-CSRFToken": "c" * 32} | headers

    @classmethod
    def with_token(cls, user: User) -> "Rest":
        return cls(Authorization=f"Bearer {Token.make(user, 'a bot')[1]}")

    def get(self, path: str, **query: Any) -> Answer:
        return self.raw("GET", path, query_params=query)

    def post(self, path: str, **body: Any) -> Answer:
        return self.raw("POST", path, json.dumps(body))

    def patch(self, path: str, **body: Any) -> Answer:
        return self.raw("PATCH", path, json.dumps(body))

    def delete(self, path: str) -> Answer:
        return self.raw("DELETE", path)

    def raw(self, method: str, path: str, body: str | bytes = "", **options: Any) -> Answer:
        response = self.client.generic(
            method,
            f"/api{path}",
            body,
            content_type="application/json",
            headers=self.headers,
            **options,
        )
        return Answer(response.status_code, _json(response), response.headers)


def _json(response: Any) -> Any:
    """Return what a caller reads, which is JSON or nothing; anything else is a failure."""
    return json.loads(response.content) if response.content else None
