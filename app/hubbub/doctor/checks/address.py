"""PUBLIC_URL is the address that people open: hosts, origins, cookies and links follow from it."""

from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from hubbub.doctor.context import Findings, Visit
from hubbub.doctor.results import green, red, yellow


def look(visit: Visit) -> Findings:
    facts = {"looked": visit.address.origin, "set": settings.PUBLIC_URL}
    mend = _("Set PUBLIC_URL=%(looked)s for every process.") % facts
    if not settings.PUBLIC_URL:
        if settings.EMBEDDED:
            yield green("address", _("One process on its own machine needs no PUBLIC_URL."))
        else:
            yield yellow("address", _("PUBLIC_URL is not set here: links in mails guess."), mend)
    elif _parts(settings.PUBLIC_URL) == _parts(visit.address.origin):
        yield green("address", _("PUBLIC_URL is the address looked at: %(looked)s.") % facts)
    else:
        text = _("PUBLIC_URL is %(set)s here, but %(looked)s is looked at.") % facts
        other = _("Or look at the address that people open: --url %(set)s") % facts
        yield red("address", text, f"{mend} {other}")


def _parts(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    default = 443 if parts.scheme == "https" else 80
    return parts.scheme, parts.hostname, parts.port or default
