"""What is for operators only cannot be reached from outside: metrics above all, and probes."""

from django.utils.translation import gettext as _

from hubbub.doctor.findings import green, red, yellow
from hubbub.doctor.visit import Findings, Visit

METRICS = "/metrics"
PROBES = ("/healthz", "/readyz")


def look(visit: Visit) -> Findings:
    mend = _("Have the proxy refuse these paths (deploy/nginx does).")
    if visit.address.get(METRICS).status == 200:
        yield red("private", _("Everybody can read /metrics."), mend)
        return
    seen = [path for path in PROBES if visit.address.get(path).status == 200]
    if seen:
        text = _("Everybody can ask for %(paths)s.") % {"paths": ", ".join(seen)}
        yield yellow("private", text, mend)
        return
    yield green("private", _("Metrics and probes are not reachable from outside."))
