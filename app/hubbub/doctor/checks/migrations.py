"""The database has every migration of this version.

Looked at first, without a visit: the people who visit are rows of that database.
"""

from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils.translation import gettext as _

from hubbub.doctor.results import Finding, green, red, yellow


def look() -> Finding:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    ours = {app for app, _name in executor.loader.disk_migrations}
    newer = [key for key in executor.loader.applied_migrations if key[0] in ours]
    newer = sorted(key for key in newer if key not in executor.loader.disk_migrations)
    if missing:
        names = ", ".join(str(migration) for migration, _backwards in missing)
        text = _("Migrations are not applied: %(names)s.") % {"names": names}
        return red("migrations", text, _("Run `manage.py migrate`; it only adds."))
    if newer:
        names = ", ".join(map(".".join, newer))
        text = _("The database is of a newer version: %(names)s.") % {"names": names}
        return yellow("migrations", text, _("Run doctor of the version that is deployed."))
    return green("migrations", _("All migrations are applied."))
