"""Checks that Django's own `check --deploy` finds nothing wrong with the settings."""

from django.core.checks import WARNING, run_checks
from django.utils.translation import gettext as _

from hubbub.doctor.context import CheckContext, Results
from hubbub.doctor.results import green, red

# Django's warnings about settings that need TLS. If TLS is missing, the `tls` check reports that in
# one line.
ABOUT_TLS = {"security.W004", "security.W012", "security.W016"}


def check(context: CheckContext) -> Results:
    messages = run_checks(include_deployment_checks=True)
    serious = [each for each in messages if each.level >= WARNING and not each.is_silenced()]
    if not context.http.is_secure:
        serious = [each for each in serious if each.id not in ABOUT_TLS]
    for each in serious:
        fix = each.hint or _("See the id in Django's list of system checks.")
        yield red("deployment", f"{each.id}: {each.msg}", fix)
    if not serious:
        yield green("deployment", _("Django's deployment checks find nothing."))
