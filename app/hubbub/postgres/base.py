"""The database engine `hubbub.postgres`: its connections observe `database_deadline`."""

from types import ModuleType
from typing import Any

import psycopg
from django.db.backends.postgresql import base

from hubbub.postgres import seconds_left


class DeadlineConnection(psycopg.Connection[Any]):
    def wait(self, *args: Any, **kwargs: Any) -> Any:
        left = seconds_left()
        if left is None:
            return super().wait(*args, **kwargs)
        try:
            return super().wait(*args, **kwargs | {"timeout": left})
        except psycopg.OperationalError:
            if not seconds_left():
                self.pgconn.finish()  # the next query must not read a late answer to this one
            raise


def _psycopg() -> ModuleType:
    """Return a copy of the psycopg module that connects with our class and has the same errors."""
    module = ModuleType(psycopg.__name__)
    vars(module).update(vars(psycopg) | {"connect": DeadlineConnection.connect})
    return module


class DatabaseWrapper(base.DatabaseWrapper):
    Database = _psycopg()
