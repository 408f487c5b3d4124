"""Whether all migrations of this version are applied. Used by probes and `migrate --wait`."""

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor


def is_migrated() -> bool:
    """Return whether no migration is left to apply. False if the database does not answer."""
    try:
        executor = MigrationExecutor(connection)
    except DatabaseError:
        return False
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())
