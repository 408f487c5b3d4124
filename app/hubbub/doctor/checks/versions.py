"""Every process runs the same version, and so does the doctor."""

import json

from django.conf import settings
from django.utils.translation import gettext as _

from hubbub.doctor.context import Findings, Visit
from hubbub.doctor.results import green, grey, red


def look(visit: Visit) -> Findings:
    versions = {tab.replica: str(tab.welcome["version"]) for tab in visit.tabs}
    if web := _web_version(visit):
        versions["web"] = web
    if not versions:
        yield grey("versions", _("No process says its version."))
        return
    facts = {"here": settings.VERSION, "all": ", ".join(map(" ".join, versions.items()))}
    if set(versions.values()) == {settings.VERSION}:
        yield green("versions", _("Everything that answered runs %(here)s.") % facts)
        return
    text = _("Versions differ: %(all)s, and %(here)s here.") % facts
    mend = _("Finish the deploy, or start anew what still runs another version.")
    yield red("versions", text, mend)


def _web_version(visit: Visit) -> str:
    """Return the version that the API's document names; nothing where it cannot be read."""
    try:
        return str(json.loads(visit.address.get("/api/openapi.json").body)["info"]["version"])
    except (ValueError, KeyError, TypeError):
        return ""
