"""The probes of `web`: /healthz, /readyz and /metrics. `realtime` has its own.

The middleware runs before all others, so requests have no session, and their Host is not checked,
because probes use IP addresses. "Ready" means that all migrations are applied. A process that was
ready once stays so, and so do all workers of the same gunicorn. Otherwise a database outage would
make all processes unready, and users would get a bare 502 instead of an error page.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from prometheus_client import CONTENT_TYPE_LATEST

from hubbub.chat.migration_state import is_migrated
from hubbub.observability import metrics
from hubbub.observability.exposition import METRICS_DIR, may_scrape, render_metrics
from hubbub.observability.logs import set_request_context

GetResponse = Callable[[HttpRequest], HttpResponse]
TEXT = "text/plain; charset=utf-8"


def answer_probes(get_response: GetResponse) -> GetResponse:
    """Middleware that answers requests for the probes' paths and passes all others on."""

    def middleware(request: HttpRequest) -> HttpResponse:
        probe = PROBES.get(request.path)
        if probe is None:
            return get_response(request)
        set_request_context(None)  # do not log the id of this thread's previous request
        if request.method not in ("GET", "HEAD"):
            return _text_response("", HTTPStatus.METHOD_NOT_ALLOWED)
        response = probe(request)
        response["Cache-Control"] = "no-store"
        return response

    return middleware


def healthz(request: HttpRequest) -> HttpResponse:
    """Report that the process runs, without checking anything else."""
    return _text_response("ok")


def readyz(request: HttpRequest) -> HttpResponse:
    if readiness.check():
        return _text_response("ready")
    return _text_response(
        _("The database doesn't answer, or migrations are missing."),
        HTTPStatus.SERVICE_UNAVAILABLE,
    )


def show_metrics(request: HttpRequest) -> HttpResponse:
    allowed = may_scrape(
        request.META.get("REMOTE_ADDR", ""),
        forwarded="X-Forwarded-For" in request.headers,
        authorization=request.headers.get("Authorization", ""),
    )
    if not allowed:
        return _text_response(_("You don't have access to the metrics."), HTTPStatus.FORBIDDEN)
    readiness.check()
    return HttpResponse(render_metrics(), content_type=CONTENT_TYPE_LATEST)


class Readiness:
    """Whether all migrations are applied, or were at any earlier check.

    A file in PROMETHEUS_MULTIPROC_DIR records a successful check, for gunicorn workers that are
    forked during a database outage.
    """

    def __init__(self) -> None:
        self._was_ready = False

    def check(self) -> bool:
        if not self._was_ready:
            self._was_ready = _is_marked() or is_migrated()
            self._mark()
        metrics.ready.set(self._was_ready)
        return self._was_ready

    def _mark(self) -> None:
        if self._was_ready and METRICS_DIR in os.environ:
            with suppress(OSError):  # without the file, each worker asks the database itself
                _marker().touch()


readiness = Readiness()

PROBES: dict[str, Callable[[HttpRequest], HttpResponse]] = {
    "/healthz": healthz,
    "/readyz": readyz,
    "/metrics": show_metrics,
}


def _is_marked() -> bool:
    return METRICS_DIR in os.environ and _marker().exists()


def _marker() -> Path:
    return Path(os.environ[METRICS_DIR]) / "ready"


def _text_response(text: str, status: HTTPStatus = HTTPStatus.OK) -> HttpResponse:
    return HttpResponse(f"{text}\n", content_type=TEXT, status=status)
