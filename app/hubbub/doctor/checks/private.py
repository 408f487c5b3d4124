"""Checks that metrics and probes, which are only for operators, cannot be reached from outside."""

from django.conf import settings
from django.utils.translation import gettext as _

from hubbub.doctor.context import CheckContext, Results
from hubbub.doctor.results import green, grey, red, yellow

METRICS = "/metrics"
# /healthz is not among them, because nginx answers it itself for load balancers in front of it.
READY = "/readyz"


def check(context: CheckContext) -> Results:
    if settings.EMBEDDED and context.http.is_local:
        yield grey("private", _("Not checked, because this machine is not outside."))
        return
    fix = _("Have the proxy refuse /metrics and /readyz (deploy/nginx does).")
    if context.http.get(METRICS).status == 200:
        yield red("private", _("Everyone can read /metrics."), fix)
        return
    if context.http.get(READY).status == 200:
        yield yellow("private", _("Everyone can read /readyz."), fix)
        return
    yield green("private", _("Metrics and probes cannot be reached from outside."))
