"""Authenticates requests by session cookie (with the CSRF header), or by bearer token for bots.

Every operation gets its `User` from `current_user(request)`. A banned user gets a 403 that says so.
An invalid token is refused, even if the request also has a valid cookie.
"""

from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.translation import gettext as _
from ninja.errors import AuthenticationError
from ninja.security import APIKeyCookie, HttpBearer

from hubbub.accounts.models import User
from hubbub.accounts.token_auth import authenticate_token
from hubbub.chat import policies, rate_limits
from hubbub.observability import logs


class Bearer(HttpBearer):
    def authenticate(self, request: HttpRequest, token: str) -> User:
        user_and_token = authenticate_token(token)
        if user_and_token is None:
            raise AuthenticationError
        return _ensure_allowed(user_and_token[0])


class Session(APIKeyCookie):
    param_name = settings.SESSION_COOKIE_NAME

    def __call__(self, request: HttpRequest) -> User | None:
        if not request.user.is_authenticated:
            return None
        _ensure_csrf(request)
        return _ensure_allowed(request.user)

    def authenticate(self, request: HttpRequest, key: str | None) -> None:
        raise NotImplementedError("Django's session middleware has already read the cookie.")


def current_user(request: HttpRequest) -> User:
    user: User = request.auth  # type: ignore[attr-defined]
    return user


def _ensure_allowed(user: User) -> User:
    logs.user.set(user.pk)
    policies.ensure_may_enter(user)
    rate_limits.commands.take(user.pk)
    return user


class _Csrf(CsrfViewMiddleware):
    def _reject(self, request: HttpRequest, reason: str) -> Any:
        return reason  # not an HTML page, which an API client cannot use


def _ensure_csrf(request: HttpRequest) -> None:
    check = _Csrf(_view)
    check.process_request(request)
    if check.process_view(request, _view, (), {}) is not None:
        raise PermissionDenied(_("The X-CSRFToken header is missing or wrong."))


def _view(request: HttpRequest) -> HttpResponse:
    raise NotImplementedError("Django's check requires a view, but does not call it.")
