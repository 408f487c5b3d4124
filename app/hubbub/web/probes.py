"""What probes and Prometheus ask `web`: /healthz, /readyz, /metrics. `realtime` has its own.

A middleware before all others: no session, no Host check (probes call an address by its IP).
Ready means that all migrations are applied. Once it was, it stays so, and so do all workers of its
gunicorn: with the database away all would turn unready at once, and people would get a bare 502
instead of a sentence.
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
    def answered(request: HttpRequest) -> HttpResponse:
        probe = PROBES.get(request.path)
        if probe is None:
            return get_response(request)
        set_request_context(None)  # not about what this thread served before
        if request.method not in ("GET", "HEAD"):
            return _said("", HTTPStatus.METHOD_NOT_ALLOWED)
        response = probe(request)
        response["Cache-Control"] = "no-store"
        return response

    return answered


def healthz(request: HttpRequest) -> HttpResponse:
    """The process is there; nothing else is asked."""
    return _said("ok")


def readyz(request: HttpRequest) -> HttpResponse:
    if readiness.asked():
        return _said("ready")
    return _said(
        _("The database does not answer, or lacks migrations."), HTTPStatus.SERVICE_UNAVAILABLE
    )


def show_metrics(request: HttpRequest) -> HttpResponse:
    allowed = may_scrape(
        request.META.get("REMOTE_ADDR", ""),
        forwarded="X-Forwarded-For" in request.headers,
        authorization=request.headers.get("Authorization", ""),
    )
    if not allowed:
        return _said(_("You don't have access to the metrics."), HTTPStatus.FORBIDDEN)
    readiness.asked()
    return HttpResponse(render_metrics(), content_type=CONTENT_TYPE_LATEST)


class Readiness:
    """Whether all migrations were applied when it was last asked, or ever before.

    A worker that is forked while the database is away finds a file of those before it.
    """

    def __init__(self) -> None:
        self._once = False

    def asked(self) -> bool:
        if not self._once:
            self._once = self._is_noted() or is_migrated()
            self._note()
        metrics.ready.set(self._once)
        return self._once

    def _is_noted(self) -> bool:
        return METRICS_DIR in os.environ and _file().exists()

    def _note(self) -> None:
        if self._once and METRICS_DIR in os.environ:
            with suppress(OSError):  # each worker then asks for itself
                _file().touch()


readiness = Readiness()

PROBES: dict[str, Callable[[HttpRequest], HttpResponse]] = {
    "/healthz": healthz,
    "/readyz": readyz,
    "/metrics": show_metrics,
}


def _file() -> Path:
    return Path(os.environ[METRICS_DIR]) / "ready"


def _said(text: str, status: HTTPStatus = HTTPStatus.OK) -> HttpResponse:
    return HttpResponse(f"{text}\n", content_type=TEXT, status=status)
