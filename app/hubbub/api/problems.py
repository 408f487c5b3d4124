"""Problems: what the domain raises, said once for this door as JSON with the protocol's codes.

An operation raises and never builds an answer for what went wrong. Nothing of an exception that is
not meant for people gets out.
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
from ninja.errors import ValidationError as WrongShape

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
MAX_ERRORS_TOLD = 3


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


def translate_all(api: NinjaAPI) -> None:
    """Have `api` answer every exception that the domain and ninja raise on purpose."""
    api.add_exception_handler(PermissionDenied, _forbidden)
    api.add_exception_handler(AuthenticationError, _not_signed_in)
    api.add_exception_handler(ObjectDoesNotExist, _not_found)
    api.add_exception_handler(Http404, _not_found)
    api.add_exception_handler(ValidationError, _invalid)
    api.add_exception_handler(WrongShape, _wrong_shape)
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


def _wrong_shape(request: HttpRequest, error: Any) -> HttpResponse:
    if all(one["loc"][0] == "path" for one in error.errors):
        return _not_found(request, error)  # no room or message can have such an id
    told = [f"{_path_of(one['loc'])}: {one['msg']}" for one in error.errors[:MAX_ERRORS_TOLD]]
    return problem("invalid", "; ".join(told))


def _unreadable(request: HttpRequest, error: Any) -> HttpResponse:
    return problem("invalid", _("The request body isn't valid JSON."))


def _rate_limited(request: HttpRequest, error: Any) -> HttpResponse:
    return problem(
        "rate_limited",
        _("You're sending too fast. Wait a moment and try again."),
        retry_after=error.retry_after,
    )


def _unavailable(request: HttpRequest, error: Any) -> HttpResponse:
    logger.warning("%s %s: the database did not answer: %s", request.method, request.path, error)
    detail = _("The server can't do this right now. Try again.")
    return problem("unavailable", detail, retry_after=RETRY_SECONDS)


def _path_of(loc: tuple[str | int, ...]) -> str:
    """Return where in the request it is wrong, without the name that the operation gives it."""
    return ".".join(str(part) for part in loc[2:] or loc[:1])
