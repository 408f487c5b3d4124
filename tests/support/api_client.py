"""A REST client for the addresses under /api, on top of Django's test client.

Middleware and the CSRF check are on; only the HTTP server is left out. The tests in tests/cluster
call the same addresses on real replicas.
"""

import json
from dataclasses import dataclass
from typing import Any

from django.test import Client

from hubbub.accounts.models import Token, User


@dataclass
class ApiResponse:
    status: int
    json: Any
    headers: Any

    @property
    def problem(self) -> tuple[int, str]:
        """Return the status and the problem's code. Check that the problem has a detail."""
        assert self.json["detail"], self.json
        return self.status, self.json["code"]


class ApiClient:
    """A client that is signed out, or that has a user's session (`ApiClient(bob)`) or token."""

    def __init__(self, user: User | None = None, **headers: str) -> None:
        self.client = Client(enforce_csrf_checks=True, raise_request_exception=False)
        self.headers = headers
        if user is not None:
            self.client.force_login(user)
            self.client.cookies["csrftoken"] = "c" * 32
            self.headers = {"X-CSRFToken": "c" * 32} | headers

    @classmethod
    def with_token(cls, user: User) -> "ApiClient":
        return cls(Authorization=f"Bearer {Token.create(user, 'a bot')[1]}")

    def get(self, path: str, **query: Any) -> ApiResponse:
        return self.raw("GET", path, query_params=query)

    def post(self, path: str, **body: Any) -> ApiResponse:
        return self.raw("POST", path, json.dumps(body))

    def patch(self, path: str, **body: Any) -> ApiResponse:
        return self.raw("PATCH", path, json.dumps(body))

    def delete(self, path: str) -> ApiResponse:
        return self.raw("DELETE", path)

    def raw(self, method: str, path: str, body: str | bytes = "", **options: Any) -> ApiResponse:
        response = self.client.generic(
            method,
            f"/api{path}",
            body,
            content_type="application/json",
            headers=self.headers,
            **options,
        )
        return ApiResponse(response.status_code, _json(response), response.headers)


def _json(response: Any) -> Any:
    """Return the decoded body; None if it is empty. Raises ValueError if it is not JSON."""
    return json.loads(response.content) if response.content else None
