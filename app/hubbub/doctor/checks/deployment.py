"""Django's own `check --deploy` has nothing to say about the settings here."""

from django.core.checks import WARNING, run_checks
from django.utils.translation import gettext as _

from hubbub.doctor.context import Findings, Visit
from hubbub.doctor.results import green, red

# What they ask for is not there without TLS; `tls` says so in one line.
ABOUT_TLS = {"security.W004", "security.W012", "security.W016"}


def look(visit: Visit) -> Findings:
    found = run_checks(include_deployment_checks=True)
    serious = [each for each in found if each.level >= WARNING and not each.is_silenced()]
    if not visit.address.is_secure:
        serious = [each for each in serious if each.id not in ABOUT_TLS]
    for each in serious:
        mend = each.hint or _("See the code in Django's list of system checks.")
        yield red("deployment", f"{each.id}: {each.msg}", mend)
    if not serious:
        yield green("deployment", _("Django's checks for deployments find nothing."))
