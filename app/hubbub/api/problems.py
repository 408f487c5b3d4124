"""Turns exceptions of the domain into JSON error responses with the protocol's codes.

Endpoints raise exceptions and never build an error response themselves. A response never contains
the text of an exception that was not written for users.
"""

import logging
from math import ceil
from typing import Any

from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, ValidationError
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError
from ninja.errors import ValidationError as InvalidRequest

from hubbub.chat.rate_limits import RateLimited

logger = logging.getLogger(__name__)

STATUS = {
    "invalid": 400,
    "forbidden": 403,
    "not_found": 404,
    "too_large": 413,
    "rate_limited": 429,
    "unavailable": 503,
}
RETRY_SECONDS = 1.0
MAX_SHOWN_ERRORS = 3


def problem(
    code: str, detail: str, *, status: int | None = None, retry_after: float | None = None
) -> HttpResponse:
    body: dict[str, Any] = {"code": code, "detail": detail}
    if retry_after is not None:
        body["retry_after"] = retry_after
    response = JsonResponse(body, status=status or STATUS[code])
    if retry_after is not None:
        response["Retry-After"] = str(ceil(retry_after))
    return response


def add_exception_handlers(api: NinjaAPI) -> None:
    """Handle every exception that the domain and ninja raise on purpose."""
    api.add_exception_handler(PermissionDenied, _forbidden)
    api.add_exception_handler(AuthenticationError, _not_signed_in)
    api.add_exception_handler(ObjectDoesNotExist, _not_found)
    api.add_exception_handler(Http404, _not_found)
    api.add_exception_handler(ValidationError, _invalid)
    api.add_exception_handler(InvalidRequest, _invalid_request)
    api.add_exception_handler(HttpError, _unreadable)
    api.add_exception_handler(RateLimited, _rate_limited)
    api.add_exception_handler(OperationalError, _unavailable)
    api.add_exception_handler(InterfaceError, _unavailable)


def _forbidden(request: HttpRequest, error: Any) -> HttpResponse:
    return problem("forbidden", str(error) or _("You don't have permission to do this."))


def _not_signed_in(request: HttpRequest, error: Any) -> HttpResponse:
    response = problem("forbidden", _("Sign in, or send a valid token."), status=401)
    response["WWW-Authenticate"] = "Bearer"
    return response


def _not_found(request: HttpRequest, error: Any) -> HttpResponse:
    return problem("not_found", _("Not found, or you don't have access to it."))


def _invalid(request: HttpRequest, error: Any) -> HttpResponse:
    code = error.error_list[0].code
    return problem("too_large" if code == "too_large" else "invalid", " ".join(error.messages))


def _invalid_request(request: HttpRequest, error: Any) -> HttpResponse:
    if all(each["loc"][0] == "path" for each in error.errors):
        return _not_found(request, error)  # no room or message has such an id
    shown = error.errors[:MAX_SHOWN_ERRORS]
    errors = [f"{_path_of(each['loc'])}: {each['msg']}" for each in shown]
    return problem("invalid", "; ".join(errors))


def _unreadable(request: HttpRequest, error: Any) -> HttpResponse:
    return problem("invalid", _("The request body isn't valid JSON."))


def _rate_limited(request: HttpRequest, error: Any) -> HttpResponse:
    return problem(
        "rate_limited",
        _("You're sending too fast. Wait a moment and try again."),
        retry_after=error.retry_after,
    )


def _unavailable(request: HttpRequest, error: Any) -> HttpResponse:
    logger.warning("%s %s: the database does not answer: %s", request.method, request.path, error)
    detail = _("The server can't do this right now. Try again.")
    return problem("unavailable", detail, retry_after=RETRY_SECONDS)


def _path_of(loc: tuple[str | int, ...]) -> str:
    """Return the path of an invalid value, without the name of the endpoint's parameter."""
    return ".".join(str(part) for part in loc[2:] or loc[:1])
