"""Whether the database has every migration of this version: asked by probes, and while waiting."""

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor


def is_migrated() -> bool:
    """Return whether nothing is left to apply; False when the database does not answer."""
    try:
        executor = MigrationExecutor(connection)
    except DatabaseError:
        return False
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())
