"""Checks that DEBUG is off, so that error pages do not show settings and code."""

from django.conf import settings
from django.utils.translation import gettext as _

from hubbub.doctor.context import CheckContext, Results
from hubbub.doctor.results import green, red

MARKER = "DEBUG = True"  # part of Django's debug page


def check(context: CheckContext) -> Results:
    response = context.http.get("/doctor-looks-for-nothing/")
    if MARKER in response.text:
        text = _("DEBUG is on: error pages show settings and code to all visitors.")
        yield red("debug", text, _("Remove DEBUG from the environment of every process."))
    elif settings.DEBUG:
        text = _("DEBUG is on here, but not in the process that responded.")
        yield red("debug", text, _("Remove DEBUG from the environment."))
    else:
        yield green("debug", _("Error pages show no settings and no code."))
