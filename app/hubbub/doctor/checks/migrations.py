"""Checks that the database has every migration of this version.

This check runs first and without a context, because the context needs the test accounts, which are
rows of that database.
"""

from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils.translation import gettext as _

from hubbub.doctor.results import CheckResult, green, red, yellow


def check() -> CheckResult:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        names = ", ".join(str(migration) for migration, _backwards in missing)
        text = _("Migrations are not applied: %(names)s.") % {"names": names}
        return red("migrations", text, _("Run `manage.py migrate`; it only adds to the schema."))
    if newer := _newer_migrations(executor):
        names = ", ".join(map(".".join, newer))
        text = _("The database belongs to a newer version: %(names)s.") % {"names": names}
        return yellow("migrations", text, _("Run doctor from the version that is deployed."))
    return green("migrations", _("All migrations are applied."))


def _newer_migrations(executor: MigrationExecutor) -> list[tuple[str, str]]:
    on_disk = executor.loader.disk_migrations
    apps = {app for app, _name in on_disk}
    applied = executor.loader.applied_migrations
    return sorted(key for key in applied if key[0] in apps and key not in on_disk)
