"""Checks that PUBLIC_URL is the address that people open.

Hosts, origins, cookies and links depend on this setting.
"""

from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from hubbub.doctor.context import CheckContext, Results
from hubbub.doctor.results import green, red, yellow


def check(context: CheckContext) -> Results:
    values = {"url": context.http.origin, "set": settings.PUBLIC_URL}
    fix = _("Set PUBLIC_URL=%(url)s for every process.") % values
    if not settings.PUBLIC_URL:
        if settings.EMBEDDED:
            yield green("address", _("A single process on its own machine needs no PUBLIC_URL."))
        else:
            text = _("PUBLIC_URL is not set here, so links in e-mails have to guess the address.")
            yield yellow("address", text, fix)
    elif _parts(settings.PUBLIC_URL) == _parts(context.http.origin):
        yield green("address", _("PUBLIC_URL is the address being checked: %(url)s.") % values)
    else:
        text = _("PUBLIC_URL is %(set)s here, but the address being checked is %(url)s.") % values
        other = _("Or check the address that people open: --url %(set)s") % values
        yield red("address", text, f"{fix} {other}")


def _parts(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    default = 443 if parts.scheme == "https" else 80
    return parts.scheme, parts.hostname, parts.port or default
