"""The examination: every check in turn, each finding as soon as it is found.

Called by the command. Only where nothing at all can be looked at does it raise `CannotLook`.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from hubbub.doctor.checks import CHECKS, Check, migrations
from hubbub.doctor.context import Visit
from hubbub.doctor.http_client import Address, Answer, Unreachable
from hubbub.doctor.results import Colour, Finding, reason_of, red
from hubbub.doctor.test_accounts import signed_in_accounts

SIGN_IN = "/accounts/login/"
BEHIND_PROXY = (502, 503, 504)

Progress = Callable[[str], None]


class CannotLook(Exception):
    """The deployment was not seen; the text says why."""


def examine(
    url: str, timeout_seconds: float, progress: Progress, *, quick: bool = False, mail: bool = False
) -> Iterator[Finding]:
    """Yield what is found at `url`; `progress` is told the name of each check before it.

    Raises CannotLook, and the database's and ValidationError where the hidden people cannot be had.
    """
    progress("migrations")
    migrated = migrations.look()
    yield migrated
    if migrated.colour is Colour.RED:  # nobody can be signed in, and one thing is to be done first
        return
    address = Address(urlsplit(url), timeout_seconds)
    page = _sign_in_page(address)
    with signed_in_accounts() as accounts, ExitStack() as sockets:
        visit = Visit(address, page, accounts, sockets, quick=quick, mail=mail)
        for name, check in CHECKS.items():
            progress(name)
            yield from _guarded(name, check, visit)


def _sign_in_page(address: Address) -> Answer:
    try:
        page = address.get(SIGN_IN)
    except Unreachable as error:
        facts = {"url": address.origin, "error": error}
        raise CannotLook(_("Nothing answers at %(url)s: %(error)s.") % facts) from None
    if page.status in BEHIND_PROXY:
        facts = {"url": address.origin, "status": page.status}
        text = _("At %(url)s a proxy answers %(status)d: it reaches no web process.")
        raise CannotLook(text % facts)
    return page


def _guarded(name: str, check: Check, visit: Visit) -> Iterator[Finding]:
    """Yield what a check finds; one that fails finds that, and the others go on."""
    try:
        yield from check(visit)
    except Exception as error:
        text = _("This could not be looked at: %(error)s.")
        yield red(
            name, text % {"error": reason_of(error)}, _("Run doctor again; then look at the logs.")
        )
