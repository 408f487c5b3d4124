"""Postgres takes the connections of all processes together: each keeps one for each thread.

Processes are seen by the names that their connections have (`application_name`, set in asgi.py and
gunicorn.conf.py). A replica that is added, and the one that drains while its successor is up, need
some too.
"""

from dataclasses import dataclass

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _

from hubbub.doctor.context import Findings, Visit
from hubbub.doctor.results import green, grey, red, yellow

# Of a replica beside REALTIME_THREADS: reading logs, changing, writing.
# `tests/doctor/test_connections.py` holds it against realtime, which is not imported here.
REPLICA_CONNECTIONS = 7

PROCESSES = """
    SELECT application_name, count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() GROUP BY application_name
"""
OTHERS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname <> current_database() AND backend_type = 'client backend'
"""
LIMIT = """
    SELECT current_setting('max_connections')::int
         - current_setting('superuser_reserved_connections')::int
"""


@dataclass(frozen=True, slots=True)
class Count:
    """What the processes that are seen may open, each at its most."""

    limit: int  # that Postgres gives to those who are not superusers
    replicas: int
    web: int  # gunicorns: all workers of one have its name
    others: int  # connections that are not ours, as many as there are now

    @property
    def of_replica(self) -> int:
        # Without a gunicorn, replicas serve the pages, too.
        pages = 0 if self.web else int(settings.WEB_THREADS)
        return int(settings.REALTIME_THREADS) + REPLICA_CONNECTIONS + pages

    @property
    def needed(self) -> int:
        web = self.web * int(settings.WEB_WORKERS) * int(settings.WEB_THREADS)
        return self.replicas * self.of_replica + web + self.others

    @property
    def needed_for_one_more(self) -> int:
        return self.needed + self.of_replica


def look(visit: Visit) -> Findings:
    if connection.vendor != "postgresql":
        yield grey("connections", _("SQLite counts no connections."))
        return
    count = _count()
    facts = {
        "replicas": count.replicas,
        "web": count.web,
        "others": count.others,
        "needed": count.needed,
        "limit": count.limit,
        "threads": settings.REALTIME_THREADS,
    }
    text = _(
        "Up to %(needed)d of %(limit)d connections of Postgres are needed "
        "(replicas: %(replicas)d, gunicorns: %(web)d, connections of others: %(others)d)."
    )
    mend = _(
        "Raise max_connections in postgresql.conf (and restart it), or lower REALTIME_THREADS, "
        "WEB_THREADS, WEB_CONCURRENCY or the number of processes."
    )
    if count.needed > count.limit:
        yield red("connections", text % facts, mend)
    elif count.needed_for_one_more > count.limit:
        more = _("Another replica would not fit, so no rolling deploy does.")
        yield yellow("connections", f"{text % facts} {more}", mend)
    else:
        yield green("connections", text % facts)


def _count() -> Count:
    with connection.cursor() as cursor:
        cursor.execute(PROCESSES)
        rows = {str(name): int(number) for name, number in cursor.fetchall()}
        cursor.execute(OTHERS)
        others = int(cursor.fetchone()[0])
        cursor.execute(LIMIT)
        limit = int(cursor.fetchone()[0])
    replicas = [name for name in rows if name.startswith("hubbub-realtime")]
    web = [name for name in rows if name.startswith("hubbub-web")]
    unnamed = sum(number for name, number in rows.items() if name not in {*replicas, *web})
    return Count(limit, len(replicas), len(web), others + unnamed)
