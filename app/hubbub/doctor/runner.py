"""Runs every check in turn and yields each result as soon as it is available.

The `doctor` command calls this. `run_checks` raises `DeploymentUnreachable` only when nothing can
be checked.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from hubbub.doctor.accounts import signed_in_accounts
from hubbub.doctor.checks import CHECKS, Check, migrations
from hubbub.doctor.context import CheckContext
from hubbub.doctor.http_client import HttpClient, Response, Unreachable
from hubbub.doctor.results import CheckResult, Status, describe_error, red

SIGN_IN = "/accounts/login/"
PROXY_ERRORS = (502, 503, 504)

Progress = Callable[[str], None]


class DeploymentUnreachable(Exception):
    """The deployment does not respond; the message says why."""


def run_checks(
    url: str, timeout_seconds: float, progress: Progress, *, quick: bool = False, mail: bool = False
) -> Iterator[CheckResult]:
    """Yield the results for `url`. Call `progress` with each check's name before the check runs.

    Raises DeploymentUnreachable, and the database's errors and ValidationError when the hidden test
    accounts cannot be created.
    """
    progress("migrations")
    migrated = migrations.check()
    yield migrated
    if migrated.status is Status.RED:  # the accounts need the tables; fix the migrations first
        return
    http = HttpClient(urlsplit(url), timeout_seconds)
    page = _sign_in_page(http)
    with signed_in_accounts() as accounts, ExitStack() as sockets:
        context = CheckContext(http, page, accounts, sockets, quick=quick, mail=mail)
        for name, check in CHECKS.items():
            progress(name)
            yield from _guarded(name, check, context)


def _sign_in_page(http: HttpClient) -> Response:
    try:
        page = http.get(SIGN_IN)
    except Unreachable as error:
        values = {"url": http.origin, "error": error}
        raise DeploymentUnreachable(_("No response from %(url)s: %(error)s.") % values) from None
    if page.status in PROXY_ERRORS:
        values = {"url": http.origin, "status": page.status}
        text = _("A proxy at %(url)s responds with %(status)d: it reaches no web process.")
        raise DeploymentUnreachable(text % values)
    return page


def _guarded(name: str, check: Check, context: CheckContext) -> Iterator[CheckResult]:
    """Yield a check's results.

    An unexpected error becomes a red result, so that the other checks still run.
    """
    try:
        yield from check(context)
    except Exception as error:
        text = _("The check failed: %(error)s.") % {"error": describe_error(error)}
        yield red(name, text, _("Run doctor again; if it fails again, see the logs."))
