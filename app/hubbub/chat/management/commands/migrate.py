"""`migrate`: Django's command, run by one process at a time on PostgreSQL.

A deployment can start several of these commands at the same time. The processes take turns; with
Django alone, all but one would fail. The lock belongs to a transaction on a separate connection, so
that it works through PgBouncer. The processes poll the lock: a process that waited for it inside
the database would block a migration that waits for all transactions (CREATE INDEX CONCURRENTLY).
With `--wait`, the command applies nothing and waits until another process has migrated.
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

LOCK_KEY = int.from_bytes(b"migrate")  # can be any number that all processes share
POLL_SECONDS = 0.5


class Command(migrate.Command):
    help = "Migrate the database to this version. Concurrent processes take turns."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--wait",
            action="store_true",
            help="apply nothing; wait until another process has applied all migrations",
        )

    def handle(self, *args: Any, wait: bool = False, **options: Any) -> None:
        connection = connections[options["database"]]
        is_read_only = options["plan"] or options["check_unapplied"]
        if wait:
            self._wait_until(
                partial(_check_migrated, connection),
                _("Waiting for another process to apply the migrations."),
            )
        elif is_read_only or connection.vendor != "postgresql":
            super().handle(*args, **options)
        else:
            with self._lock(connection):
                super().handle(*args, **options)

    @contextmanager
    def _lock(self, connection: BaseDatabaseWrapper) -> Iterator[None]:
        with closing(connection.copy()) as lock_connection:
            lock_connection.set_autocommit(False)
            self._wait_until(
                partial(_try_lock, lock_connection),
                _("Another process is migrating. Waiting for it to finish."),
            )
            yield

    def _wait_until(self, condition: Callable[[], bool], message: str) -> None:
        is_reported = False
        while not condition():
            if not is_reported:
                self.stdout.write(message)
                is_reported = True
            time.sleep(POLL_SECONDS)


def _try_lock(lock_connection: BaseDatabaseWrapper) -> bool:
    """Try to acquire the lock until the end of this transaction. Return whether it was free."""
    with lock_connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK_KEY])
        [has_lock] = cursor.fetchone()
    if not has_lock:
        lock_connection.rollback()
    return bool(has_lock)


def _check_migrated(connection: BaseDatabaseWrapper) -> bool:
    try:
        return is_migrated()
    finally:
        connection.close()  # the database could restart during the pause
