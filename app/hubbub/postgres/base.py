"""The database engine `hubbub.postgres`: its connections wait for as long as `patience` lasts."""

from types import ModuleType
from typing import Any

import psycopg
from django.db.backends.postgresql import base

from hubbub.postgres import seconds_left


class Connection(psycopg.Connection[Any]):
    def wait(self, *args: Any, **kwargs: Any) -> Any:
        left = seconds_left()
        if left is None:
            return super().wait(*args, **kwargs)
        try:
            return super().wait(*args, **kwargs | {"timeout": left})
        except psycopg.OperationalError:
            if not seconds_left():
                self.pgconn.finish()  # an answer that comes later is not to be taken for another's
            raise


def _psycopg() -> ModuleType:
    """Return what Django takes for psycopg: the errors are its own, connections are ours."""
    module = ModuleType(psycopg.__name__)
    vars(module).update(vars(psycopg) | {"connect": Connection.connect})
    return module


class DatabaseWrapper(base.DatabaseWrapper):
    Database = _psycopg()
