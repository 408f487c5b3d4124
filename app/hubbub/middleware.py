"""Middleware that gives every request an id for logs, a duration for metrics and a deadline.

The settings list both functions right after the probes, so that they see the responses of all other
middleware.
"""

import logging
import re
import secrets
import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from hubbub.observability import metrics
from hubbub.observability.logs import set_request_context
from hubbub.postgres import database_deadline

logger = logging.getLogger(__name__)

# What a request id from a proxy in front of us must look like. Other values of the header are
# ignored.
REQUEST_ID = re.compile(r"[\w.-]{8,64}", re.ASCII)
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

GetResponse = Callable[[HttpRequest], HttpResponse]


def observe_requests(get_response: GetResponse) -> GetResponse:
    def observe(request: HttpRequest) -> HttpResponse:
        id = _request_id(request)
        started = time.perf_counter()
        set_request_context(id)
        response = get_response(request)
        _record(request, response, time.perf_counter() - started)
        response["X-Request-ID"] = id
        return response

    return observe


def limit_database_time(get_response: GetResponse) -> GetResponse:
    """Give each request a limited time for its queries, in case the database hangs."""

    def limit(request: HttpRequest) -> HttpResponse:
        with database_deadline(settings.DATABASE_TIMEOUT_SECONDS):
            return get_response(request)

    return limit


def _request_id(request: HttpRequest) -> str:
    received = request.headers.get("X-Request-ID", "")
    return received if REQUEST_ID.fullmatch(received) else secrets.token_hex(16)


def _record(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
    view = _view_name(request)
    method = request.method if request.method in METHODS else "other"
    metrics.http_requests.labels(view, method, response.status_code).observe(seconds)
    logger.debug("%s %s: %d, %.3f s", method, view, response.status_code, seconds)


def _view_name(request: HttpRequest) -> str:
    """Return the name of the view, not the path: there are many paths, and some contain keys."""
    if request.resolver_match is not None:
        return request.resolver_match.view_name or "unnamed"
    return "static" if request.path.startswith(settings.STATIC_URL) else "none"
