"""Who asks: a person by their session cookie (with the CSRF header) or a bot by its bearer token.

Every operation gets its `User` from `caller(request)`. Who is banned is told so; a token that is
not valid is never passed over for a cookie that happens to be there too.
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
from hubbub.accounts.token_auth import person_of
from hubbub.chat import policies, rate_limits
from hubbub.observability import logs


class Bearer(HttpBearer):
    def authenticate(self, request: HttpRequest, token: str) -> User:
        found = person_of(token)
        if found is None:
            raise AuthenticationError
        return _admitted(found[0])


class Session(APIKeyCookie):
    param_name = settings.SESSION_COOKIE_NAME

    def __call__(self, request: HttpRequest) -> User | None:
        if not request.user.is_authenticated:
            return None
        _ensure_csrf(request)
        return _admitted(request.user)

    def authenticate(self, request: HttpRequest, key: str | None) -> None:
        raise NotImplementedError("Django's session middleware has read the cookie already.")


def caller(request: HttpRequest) -> User:
    user: User = request.auth  # type: ignore[attr-defined]
    return user


def _admitted(user: User) -> User:
    logs.user.set(user.pk)
    policies.ensure_may_enter(user)
    rate_limits.commands.take(user.pk)
    return user


class _Csrf(CsrfViewMiddleware):
    def _reject(self, request: HttpRequest, reason: str) -> Any:
        return reason  # and no page, which nobody would see


def _ensure_csrf(request: HttpRequest) -> None:
    check = _Csrf(_view)
    check.process_request(request)
    if check.process_view(request, _view, (), {}) is not None:
        raise PermissionDenied(_("The X-CSRFToken header is missing or wrong."))


def _view(request: HttpRequest) -> HttpResponse:
    raise NotImplementedError("Django's check wants a view that it would call, and never does.")
