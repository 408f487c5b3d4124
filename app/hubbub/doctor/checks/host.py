"""Requests for another host are refused: nobody can have links made that lead elsewhere."""

from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from hubbub.doctor.fetch import Answer, Unreachable
from hubbub.doctor.findings import green, red
from hubbub.doctor.visit import Findings, Visit

FOREIGN = "doctor.invalid"


def look(visit: Visit) -> Findings:
    try:
        answer = visit.address.get("/accounts/login/", Host=FOREIGN)
    except Unreachable:  # the proxy hangs up on strangers
        yield green("host", _("A request for a foreign host gets no answer."))
        return
    if answer.status >= 400 or _leads_away(answer):
        text = _("A request for a foreign host is answered with %(status)d.")
        yield green("host", text % {"status": answer.status})
        return
    text = _("A request for the host %(host)s is served, with %(status)d.")
    mend = _("Have the proxy pass the Host header on as it came, and name only your own hosts.")
    yield red("host", text % {"host": FOREIGN, "status": answer.status}, mend)


def _leads_away(answer: Answer) -> bool:
    """Whether a proxy sends the visitor to a host of its own, as many do with strangers."""
    host = urlsplit(answer.header("Location")).hostname
    return answer.status in (301, 302, 307, 308) and host not in (None, FOREIGN)
