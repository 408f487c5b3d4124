"""`doctor`: check a running deployment through its public address, and report what is wrong.

Run it with the deployment's environment (its database, its SECRET_KEY). The exit status is 0 if no
result is red, 1 if some are, and 2 if the deployment could not be checked.
"""

import os
from argparse import ArgumentParser, ArgumentTypeError

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseError
from django.utils.translation import gettext as _

from hubbub.doctor import report
from hubbub.doctor.results import CheckResult, exit_code
from hubbub.doctor.runner import DeploymentUnreachable, run_checks
from hubbub.environment import public_url

COULD_NOT_CHECK = 2
CLEAR_LINE = "\r\x1b[K"


class Command(BaseCommand):
    help = "Check a running deployment through its public address, and report what is wrong."
    requires_system_checks = ()  # the `deployment` check runs them

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--url", default="", help="the public address (default: PUBLIC_URL)")
        parser.add_argument(
            "--timeout", type=_seconds, default=10.0, help="seconds that a response may take (10)"
        )
        parser.add_argument(
            "--quick", action="store_true", help="do not wait to see whether idle sockets stay open"
        )
        parser.add_argument("--mail", action="store_true", help="connect to the mail server, too")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(
        self, url: str, timeout: float, quick: bool, mail: bool, json: bool, **options: object
    ) -> None:
        url = (url or settings.PUBLIC_URL).rstrip("/")
        if not url:
            raise CommandError(_("Pass --url, or set PUBLIC_URL."), returncode=COULD_NOT_CHECK)
        _ensure_valid(url)
        results: list[CheckResult] = []
        try:
            for result in run_checks(url, timeout, self._progress, quick=quick, mail=mail):
                results.append(result)
                if not json:
                    self._print(report.line(result, self._is_coloured()))
        except (DeploymentUnreachable, DatabaseError, ValidationError) as error:
            text = _("The checks could not run: %(error)s") % {"error": _message(error)}
            raise CommandError(text, returncode=COULD_NOT_CHECK) from None
        finally:
            self._clear()
        self._print(
            report.as_json(url, settings.VERSION, results) if json else report.summary(results)
        )
        if code := exit_code(results):
            raise SystemExit(code)

    def _progress(self, check: str) -> None:
        """Show which check is running, but only on a terminal."""
        if self.stderr.isatty():
            self._clear()
            self.stderr.write(_("checking %(check)s …") % {"check": check}, ending="")
            self.stderr.flush()

    def _clear(self) -> None:
        if self.stderr.isatty():
            self.stderr.write(CLEAR_LINE, ending="")
            self.stderr.flush()

    def _print(self, text: str) -> None:
        self._clear()
        self.stdout.write(text)

    def _is_coloured(self) -> bool:
        return self.stdout.isatty() and not os.environ.get("NO_COLOR")


def _ensure_valid(url: str) -> None:
    try:
        public_url(url)
    except SystemExit as invalid:  # uncaught, it would exit with 1, which means red results
        raise CommandError(str(invalid), returncode=COULD_NOT_CHECK) from None


def _message(error: Exception) -> str:
    messages = error.messages if isinstance(error, ValidationError) else [str(error).strip()]
    return " ".join(messages)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 600:
        raise ArgumentTypeError(_("must be a number of seconds, at most 600"))
    return seconds
