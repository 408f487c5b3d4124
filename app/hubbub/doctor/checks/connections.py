"""Checks that Postgres has enough connections for all processes.

Each process keeps one connection for each of its threads. Processes are recognised by the
`application_name` of their connections (set in asgi.py and gunicorn.conf.py). Some connections must
be left for one more replica: during a rolling deploy the new replica runs while the old one drains.
"""

from dataclasses import dataclass

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _

from hubbub.doctor.context import CheckContext, Results
from hubbub.doctor.results import green, grey, red, yellow

# The connections that a replica needs in addition to REALTIME_THREADS, for log queries, actions and
# group commit. The doctor must not import `realtime`; `tests/doctor/test_connections.py` checks the
# number.
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
class Usage:
    """The running processes, the connections that they can need, and how many are allowed."""

    limit: int  # connections that users other than superusers can open
    replicas: int
    web: int  # running gunicorns; the gunicorn workers of each share its name
    others: int  # connections of other programs that are open now

    @property
    def per_replica(self) -> int:
        # Without gunicorn, the replicas also serve the pages.
        pages = 0 if self.web else int(settings.WEB_THREADS)
        return int(settings.REALTIME_THREADS) + REPLICA_CONNECTIONS + pages

    @property
    def needed(self) -> int:
        web = self.web * int(settings.WEB_WORKERS) * int(settings.WEB_THREADS)
        return self.replicas * self.per_replica + web + self.others

    @property
    def needed_for_one_more(self) -> int:
        return self.needed + self.per_replica


def check(context: CheckContext) -> Results:
    if connection.vendor != "postgresql":
        yield grey("connections", _("SQLite does not limit connections."))
        return
    usage = _usage()
    values = {
        "replicas": usage.replicas,
        "web": usage.web,
        "others": usage.others,
        "needed": usage.needed,
        "limit": usage.limit,
        "threads": settings.REALTIME_THREADS,
    }
    text = _(
        "The processes need up to %(needed)d of %(limit)d Postgres connections "
        "(replicas: %(replicas)d, gunicorns: %(web)d, other connections: %(others)d)."
    )
    fix = _(
        "Raise max_connections in postgresql.conf and restart Postgres, or lower REALTIME_THREADS, "
        "WEB_THREADS, WEB_CONCURRENCY or the number of processes."
    )
    if usage.needed > usage.limit:
        yield red("connections", text % values, fix)
    elif usage.needed_for_one_more > usage.limit:
        more = _("Another replica would not fit, so a rolling deploy would fail.")
        yield yellow("connections", f"{text % values} {more}", fix)
    else:
        yield green("connections", text % values)


def _usage() -> Usage:
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
    return Usage(limit, len(replicas), len(web), others + unnamed)
