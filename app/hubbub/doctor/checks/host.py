"""Checks that requests for another host are rejected.

Otherwise attackers could make the deployment send links to their own sites.
"""

from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from hubbub.doctor.context import CheckContext, Results
from hubbub.doctor.http_client import Response, Unreachable
from hubbub.doctor.results import green, grey, red

FOREIGN_HOST = "doctor.invalid"
# The statuses that count as a rejection: bad request (Django's answer), forbidden, not found,
# misdirected request, and nginx's code for a connection that it closes without a response.
REJECTED = (400, 403, 404, 421, 444)


def check(context: CheckContext) -> Results:
    try:
        response = context.http.get("/accounts/login/", Host=FOREIGN_HOST)
    except Unreachable:  # some proxies close the connection if the host is unknown
        yield green("host", _("A request for a foreign host gets no response."))
        return
    values = {"host": FOREIGN_HOST, "status": response.status}
    if response.status in REJECTED or _redirects_elsewhere(response):
        yield green("host", _("A request for a foreign host is rejected with %(status)d.") % values)
        return
    if response.status >= 400:
        text = _("A request for a foreign host failed with %(status)d, for an unknown reason.")
        yield grey("host", text % values)
        return
    text = _("A request for the host %(host)s is served, with %(status)d.")
    fix = _("Have the proxy pass the Host header unchanged, and accept only your own hosts.")
    yield red("host", text % values, fix)


def _redirects_elsewhere(response: Response) -> bool:
    """Return whether a proxy redirects to its own host, as many do for unknown hosts."""
    host = urlsplit(response.header("Location")).hostname
    return response.status in (301, 302, 307, 308) and host not in (None, FOREIGN_HOST)
