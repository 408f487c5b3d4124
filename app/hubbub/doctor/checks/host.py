"""Requests for another host are refused: nobody can have links made that lead elsewhere."""

from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from hubbub.doctor.context import Findings, Visit
from hubbub.doctor.http_client import Answer, Unreachable
from hubbub.doctor.results import green, grey, red

FOREIGN = "doctor.invalid"
# Bad request (Django's own), forbidden, not found, misdirected, and nginx's for no answer at all.
REFUSED = (400, 403, 404, 421, 444)


def look(visit: Visit) -> Findings:
    try:
        answer = visit.address.get("/accounts/login/", Host=FOREIGN)
    except Unreachable:  # the proxy hangs up on strangers
        yield green("host", _("A request for a foreign host gets no answer."))
        return
    facts = {"host": FOREIGN, "status": answer.status}
    if answer.status in REFUSED or _leads_away(answer):
        yield green("host", _("A request for a foreign host is refused with %(status)d.") % facts)
        return
    if answer.status >= 400:
        text = _("A request for a foreign host failed with %(status)d: not seen is why.")
        yield grey("host", text % facts)
        return
    text = _("A request for the host %(host)s is served, with %(status)d.")
    mend = _("Have the proxy pass the Host header on as it came, and name only your own hosts.")
    yield red("host", text % facts, mend)


def _leads_away(answer: Answer) -> bool:
    """Whether a proxy sends the visitor to a host of its own, as many do with strangers."""
    host = urlsplit(answer.header("Location")).hostname
    return answer.status in (301, 302, 307, 308) and host not in (None, FOREIGN)
