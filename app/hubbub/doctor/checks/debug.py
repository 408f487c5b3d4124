"""DEBUG is off: an error shows nobody the settings and the code."""

from django.conf import settings
from django.utils.translation import gettext as _

from hubbub.doctor.context import Findings, Visit
from hubbub.doctor.results import green, red

MARK = "DEBUG = True"  # Django's own page says so


def look(visit: Visit) -> Findings:
    answer = visit.address.get("/doctor-looks-for-nothing/")
    if MARK in answer.text:
        text = _("Errors show the settings and the code to everybody: DEBUG is on.")
        yield red("debug", text, _("Take DEBUG out of the environment of every process."))
    elif settings.DEBUG:
        text = _("DEBUG is on here, though not in what answered.")
        yield red("debug", text, _("Take DEBUG out of the environment."))
    else:
        yield green("debug", _("Errors show nothing of the inside."))
