"""Checks that traffic is encrypted: https, secure cookies, HSTS, and a redirect from http."""

import re

from django.utils.translation import gettext as _

from hubbub.doctor.context import CheckContext, Results
from hubbub.doctor.http_client import HttpClient, Unreachable
from hubbub.doctor.results import CheckResult, green, grey, red, yellow


def check(context: CheckContext) -> Results:
    if context.http.is_secure:
        yield _cookies(context)
        yield _hsts(context)
        yield _redirect(context)
    elif context.http.is_local:
        yield grey("tls", _("Not checked: connections to this machine itself need no encryption."))
    else:
        text = _("Passwords and messages are sent unencrypted.")
        fix = _("Put TLS in front (docs/operations.md) and set PUBLIC_URL to https://…")
        yield yellow("tls", text, fix)


def _cookies(context: CheckContext) -> CheckResult:
    cookies = context.page.cookies
    insecure = [each.split("=")[0] for each in cookies if "secure" not in each.lower()]
    if not insecure:
        return green("tls.cookies", _("Cookies are sent over https only."))
    text = _("Browsers would send cookies over http, too: %(names)s.")
    fix = _("Set PUBLIC_URL to the https address for every process.")
    return red("tls.cookies", text % {"names": ", ".join(insecure)}, fix)


def _hsts(context: CheckContext) -> CheckResult:
    header = context.page.header("Strict-Transport-Security")
    max_age = re.search(r'max-age="?(\d+)', header, re.I)
    if max_age and int(max_age[1]) > 0:  # 0 turns HSTS off again
        return green("tls.hsts", _("Browsers remember to use https (HSTS)."))
    text = _("Browsers do not remember to use https (HSTS).")
    fix = _("Have the proxy forward X-Forwarded-Proto, and set PUBLIC_URL to the https address.")
    return red("tls.hsts", text, fix)


def _redirect(context: CheckContext) -> CheckResult:
    """Check what happens to requests over http."""
    url = context.http.url
    if url.port not in (None, 443):
        text = _("Not checked: with a custom https port, the http port is unknown.")
        return grey("tls.redirect", text)
    http_url = url._replace(scheme="http", netloc=url.hostname or "")
    try:
        response = HttpClient(http_url, context.timeout_seconds).get("/")
    except Unreachable:
        return green("tls.redirect", _("Nothing is served over http."))
    is_redirect = response.status in (301, 302, 307, 308)
    if is_redirect and response.header("Location").startswith("https:"):
        return green("tls.redirect", _("Requests by http are redirected to https."))
    text = _("A request by http is not redirected to https but gets %(status)d.")
    fix = _("Have the proxy redirect every http request to https, and serve nothing else there.")
    return red("tls.redirect", text % {"status": response.status}, fix)
