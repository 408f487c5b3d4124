"""What is for operators only cannot be reached from outside: metrics above all, and probes."""

from django.conf import settings
from django.utils.translation import gettext as _

from hubbub.doctor.context import Findings, Visit
from hubbub.doctor.results import green, grey, red, yellow

METRICS = "/metrics"
# Not /healthz, which a proxy may answer for itself: whatever stands before it asks for that.
READY = "/readyz"


def look(visit: Visit) -> Findings:
    if settings.EMBEDDED and visit.address.is_local:
        yield grey("private", _("What strangers can reach is not seen from this machine itself."))
        return
    mend = _("Have the proxy refuse /metrics and /readyz (deploy/nginx does).")
    if visit.address.get(METRICS).status == 200:
        yield red("private", _("Everybody can read /metrics."), mend)
        return
    if visit.address.get(READY).status == 200:
        yield yellow("private", _("Everybody can ask whether processes are ready."), mend)
        return
    yield green("private", _("Metrics and probes are not reachable from outside."))
