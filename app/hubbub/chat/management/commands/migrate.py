"""`migrate`: Django's, one at a time on PostgreSQL; with `--wait`, only wait until another did it.

Whatever deploys a version may start it several times at once: they take turns, where Django alone
would have all but one fail. The turn is a lock of a transaction on a connection of its own, so
PgBouncer may stand between; and it is asked for again and again, since whoever waits inside the
database would hold up a migration that waits for everybody (CREATE INDEX CONCURRENTLY).
"""

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from typing import Any

from django.core.management.base import CommandParser
from django.core.management.commands import migrate
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils.translation import gettext as _

from hubbub.chat.migration_state import is_migrated

TURN = int.from_bytes(b"migrate")  # any number, as long as all take the same
AGAIN_SECONDS = 0.5


class Command(migrate.Command):
    help = "Bring the database to this version. Several at once take turns."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--wait",
            action="store_true",
            help="apply nothing; end once all migrations are applied, by another process",
        )

    def handle(self, *args: Any, wait: bool = False, **options: Any) -> None:
        connection = connections[options["database"]]
        only_looks = options["plan"] or options["check_unapplied"]
        if wait:
            self._until(partial(_looked, connection), _("Waiting until migrations are applied."))
        elif only_looks or connection.vendor != "postgresql":
            super().handle(*args, **options)
        else:
            with self._turn(connection):
                super().handle(*args, **options)

    @contextmanager
    def _turn(self, connection: BaseDatabaseWrapper) -> Iterator[None]:
        with closing(connection.copy()) as own:
            own.set_autocommit(False)
            self._until(partial(_taken, own), _("Another process migrates: waiting for it."))
            yield

    def _until(self, condition: Callable[[], bool], sentence: str) -> None:
        said = False
        while not condition():
            if not said:
                self.stdout.write(sentence)
                said = True
            time.sleep(AGAIN_SECONDS)


def _taken(own: BaseDatabaseWrapper) -> bool:
    """Whether this transaction has the turn, which it keeps until it ends."""
    with own.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [TURN])
        [has_it] = cursor.fetchone()
    if not has_it:
        own.rollback()
    return bool(has_it)


def _looked(connection: BaseDatabaseWrapper) -> bool:
    try:
        return is_migrated()
    finally:
        connection.close()  # the database may be started again meanwhile
