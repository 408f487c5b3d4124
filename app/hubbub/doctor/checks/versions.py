"""Checks that every process runs the same version as the doctor.

The version contains the git revision, so a deploy that stopped half-way shows here.
"""

import json

from django.conf import settings
from django.utils.translation import gettext as _

from hubbub.doctor.context import CheckContext, Results
from hubbub.doctor.results import green, grey, red


def check(context: CheckContext) -> Results:
    versions = {client.replica: str(client.welcome["version"]) for client in context.clients}
    if web := _web_version(context):
        versions["web"] = web
    if not versions:
        yield grey("versions", _("No process reported its version."))
        return
    values = {"here": settings.VERSION, "all": ", ".join(map(" ".join, versions.items()))}
    if set(versions.values()) == {settings.VERSION}:
        yield green("versions", _("Every process that responded runs %(here)s.") % values)
        return
    text = _("Versions differ: %(all)s, and %(here)s here.") % values
    fix = _("Finish the deploy, or restart the processes that run another version.")
    yield red("versions", text, fix)


def _web_version(context: CheckContext) -> str:
    """Return the version that the OpenAPI document names, or nothing if it cannot be read."""
    try:
        return str(json.loads(context.http.get("/api/openapi.json").body)["info"]["version"])
    except (ValueError, KeyError, TypeError):
        return ""
