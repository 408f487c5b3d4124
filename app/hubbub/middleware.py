"""What every request passes: its id for the logs, its time for the metrics, an end to waiting.

Named in the settings, just behind the probes, so that it sees what all the others answer.
"""

import logging
import re
import secrets
import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from hubbub.observability import metrics
from hubbub.observability.logs import about_request
from hubbub.postgres import patience

logger = logging.getLogger(__name__)

# What a proxy in front of us may have called it; anything else is no name.
REQUEST_ID = re.compile(r"[\w.-]{8,64}", re.ASCII)
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

GetResponse = Callable[[HttpRequest], HttpResponse]


def observe(get_response: GetResponse) -> GetResponse:
    def observed(request: HttpRequest) -> HttpResponse:
        id = _id_of(request)
        began = time.perf_counter()
        about_request(id)
        response = get_response(request)
        _note(request, response, time.perf_counter() - began)
        response["X-Request-ID"] = id
        return response

    return observed


def be_patient(get_response: GetResponse) -> GetResponse:
    """Wait for a database that hangs as long as is reasonable, and not for ever."""

    def patient(request: HttpRequest) -> HttpResponse:
        with patience(settings.DATABASE_TIMEOUT_SECONDS):
            return get_response(request)

    return patient


def _id_of(request: HttpRequest) -> str:
    given = request.headers.get("X-Request-ID", "")
    return given if REQUEST_ID.fullmatch(given) else secrets.token_hex(16)


def _note(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
    view = _view_of(request)
    method = request.method if request.method in METHODS else "other"
    metrics.http_requests.labels(view, method, response.status_code).observe(seconds)
    logger.debug("%s %s: %d, %.3f s", method, view, response.status_code, seconds)


def _view_of(request: HttpRequest) -> str:
    """Return a name out of few: paths are as many as rooms, and some carry keys."""
    if request.resolver_match is not None:
        return request.resolver_match.view_name or "unnamed"
    return "static" if request.path.startswith(settings.STATIC_URL) else "none"
