"""What people send is encrypted: https, cookies for https only, HSTS, and a way there from http."""

import re

from django.utils.translation import gettext as _

from hubbub.doctor.context import Findings, Visit
from hubbub.doctor.http_client import Address, Unreachable
from hubbub.doctor.results import Finding, green, grey, red, yellow


def look(visit: Visit) -> Findings:
    if visit.address.is_secure:
        yield _cookies(visit)
        yield _hsts(visit)
        yield _redirect(visit)
    elif visit.address.is_local:
        yield grey("tls", _("Nothing is encrypted on the way to this machine itself."))
    else:
        text = _("Passwords and messages are sent without encryption.")
        mend = _("Put TLS in front (docs/operations.md) and set PUBLIC_URL to https://…")
        yield yellow("tls", text, mend)


def _cookies(visit: Visit) -> Finding:
    bare = [one.split("=")[0] for one in visit.page.cookies if "secure" not in one.lower()]
    if not bare:
        return green("tls.cookies", _("Cookies are sent over https only."))
    text = _("Cookies would be sent without encryption, too: %(names)s.")
    mend = _("Set PUBLIC_URL to the https address for every process.")
    return red("tls.cookies", text % {"names": ", ".join(bare)}, mend)


def _hsts(visit: Visit) -> Finding:
    told = re.search(r'max-age="?(\d+)', visit.page.header("Strict-Transport-Security"), re.I)
    if told and int(told[1]) > 0:  # 0 takes it back
        return green("tls.hsts", _("Browsers are told to come by https from now on (HSTS)."))
    text = _("Browsers are not told to come by https (HSTS).")
    mend = _("Have the proxy pass X-Forwarded-Proto on, and set PUBLIC_URL to the https address.")
    return red("tls.hsts", text, mend)


def _redirect(visit: Visit) -> Finding:
    """Look what becomes of those who come without encryption."""
    url = visit.address.url
    if url.port not in (None, 443):
        return grey("tls.redirect", _("Where http is on a machine with other ports is not known."))
    plain = Address(url._replace(scheme="http", netloc=url.hostname or ""), visit.seconds)
    try:
        answer = plain.get("/")
    except Unreachable:
        return green("tls.redirect", _("Nothing is served without encryption."))
    if answer.status in (301, 302, 307, 308) and answer.header("Location").startswith("https:"):
        return green("tls.redirect", _("Who comes by http is led to https."))
    text = _("Who comes by http is not led to https but gets %(status)d.")
    mend = _("Have the proxy answer http with a redirect to https, and with nothing else.")
    return red("tls.redirect", text % {"status": answer.status}, mend)
