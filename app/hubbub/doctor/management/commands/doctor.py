"""`doctor`: look at a running deployment through its public address; say what is wrong with it.

Runs where the deployment's environment is (its database, its SECRET_KEY). Exit 0: nothing is red;
1: something is; 2: it could not look.
"""

import os
from argparse import ArgumentParser, ArgumentTypeError

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseError
from django.utils.translation import gettext as _

from hubbub.doctor import report
from hubbub.doctor.results import Finding, exit_code
from hubbub.doctor.runner import CannotLook, examine
from hubbub.environment import public_url

COULD_NOT_LOOK = 2
CLEAR_LINE = "\r\x1b[K"


class Command(BaseCommand):
    help = "Look at a running deployment through its public address, and say what is wrong."
    requires_system_checks = ()  # they are looked at, too

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--url", default="", help="where people open it (PUBLIC_URL)")
        parser.add_argument(
            "--timeout", type=_seconds, default=10.0, help="seconds that any answer may take (10)"
        )
        parser.add_argument(
            "--quick", action="store_true", help="do not wait to see a silent socket live"
        )
        parser.add_argument("--mail", action="store_true", help="connect to the mail server, too")
        parser.add_argument("--json", action="store_true", help="one JSON object, for machines")

    def handle(
        self, url: str, timeout: float, quick: bool, mail: bool, json: bool, **options: object
    ) -> None:
        url = (url or settings.PUBLIC_URL).rstrip("/")
        if not url:
            raise CommandError(_("Give --url, or set PUBLIC_URL."), returncode=COULD_NOT_LOOK)
        _ensure_address(url)
        findings: list[Finding] = []
        try:
            for finding in examine(url, timeout, self._progress, quick=quick, mail=mail):
                findings.append(finding)
                if not json:
                    self._say(report.line(finding, self._is_coloured()))
        except (CannotLook, DatabaseError, ValidationError) as error:
            text = _("Could not look: %(error)s") % {"error": _sentence(error)}
            raise CommandError(text, returncode=COULD_NOT_LOOK) from None
        finally:
            self._clear()
        self._say(
            report.as_json(url, settings.VERSION, findings) if json else report.summary(findings)
        )
        if code := exit_code(findings):
            raise SystemExit(code)

    def _progress(self, check: str) -> None:
        """Show what is looked at, where somebody watches."""
        if self.stderr.isatty():
            self._clear()
            self.stderr.write(_("looking at %(check)s …") % {"check": check}, ending="")
            self.stderr.flush()

    def _clear(self) -> None:
        if self.stderr.isatty():
            self.stderr.write(CLEAR_LINE, ending="")
            self.stderr.flush()

    def _say(self, text: str) -> None:
        self._clear()
        self.stdout.write(text)

    def _is_coloured(self) -> bool:
        return self.stdout.isatty() and not os.environ.get("NO_COLOR")


def _ensure_address(url: str) -> None:
    try:
        public_url(url)
    except SystemExit as refused:  # with a sentence, and as if something were red
        raise CommandError(str(refused), returncode=COULD_NOT_LOOK) from None


def _sentence(error: Exception) -> str:
    told = error.messages if isinstance(error, ValidationError) else [str(error).strip()]
    return " ".join(told)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 600:
        raise ArgumentTypeError(_("give a number of seconds, at most 600"))
    return seconds
