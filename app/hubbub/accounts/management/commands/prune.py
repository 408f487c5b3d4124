"""`prune`: delete expired sessions and revoked tokens. Run it once a day, for example from cron.

Without this command, expired sessions stay in the database forever. It can run at any time, even in
two processes at once.
"""

from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from hubbub.accounts import pruning


class Command(BaseCommand):
    help = "Delete expired sessions, and tokens that were revoked long ago."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--token-days",
            type=_days,
            default=30,
            help="delete tokens that were revoked more than this many days ago (30)",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="show what would be deleted, and delete nothing"
        )

    def handle(self, token_days: int, dry_run: bool, **options: object) -> None:
        self._prune(_("Expired sessions"), pruning.expired_sessions(), dry_run)
        self._prune(_("Revoked tokens"), pruning.revoked_tokens(token_days), dry_run)

    def _prune(self, what: str, rows: QuerySet[Any], dry_run: bool) -> None:
        if dry_run:
            text = _("%(what)s: %(count)d would be removed.")
            count = rows.count()
        else:
            text = _("%(what)s: %(count)d removed.")
            count = sum(pruning.remove(rows))
        self.stdout.write(text % {"what": what, "count": count})


def _days(text: str) -> int:
    if not text.isdecimal():
        raise ArgumentTypeError(_("must be a number of days, 0 or more"))
    return int(text)
