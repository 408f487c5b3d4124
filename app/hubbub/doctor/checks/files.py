"""Replicas have file descriptors left: each connection needs one.

A replica on this machine is looked up in /proc by its process id. Of another one, /metrics is read
directly, at the address from which it connects to Postgres. That works in containers and pods,
where every replica has an address of its own and the same PORT.
"""

from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _
from prometheus_client.parser import text_string_to_metric_families

from hubbub.doctor.context import CheckContext, Results
from hubbub.doctor.http_client import HttpClient, Unreachable
from hubbub.doctor.results import green, grey, yellow
from hubbub.observability.exposition import open_and_max_files
from hubbub.observability.logs import HOST

YELLOW_SHARE = 0.8
# A network policy may drop the packets to other pods, and there can be many.
SCRAPE_SECONDS = 1.0

REPLICAS = """
    SELECT DISTINCT application_name, host(client_addr) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name LIKE 'hubbub-realtime %'
"""


class Usage(NamedTuple):
    share: float
    name: str
    open: int
    max: int


def check(context: CheckContext) -> Results:
    addresses = {client.replica: "" for client in context.clients} | _addresses()
    usages = [usage for each in addresses.items() if (usage := _usage(*each))]
    if not usages:
        yield grey("files", _("The open files of no replica can be read from here."))
        return
    worst = max(usages)
    values = {"name": worst.name, "open": worst.open, "max": worst.max, "count": len(usages)}
    if worst.share <= YELLOW_SHARE:
        text = _("At most %(open)d of %(max)d files are open in a replica (replicas: %(count)d).")
        yield green("files", text % values)
        return
    text = _("%(name)s has %(open)d of %(max)d files open, and refuses connections at the limit.")
    fix = _(
        "Raise the hard limit (LimitNOFILE in systemd, --ulimit nofile in Docker) and restart the "
        "replica, or add replicas."
    )
    yield yellow("files", text % values, fix)


def read_metrics(address: str, port: int) -> tuple[int, int] | None:
    """Return the open files and their limit that a process shows, or None if it shows none."""
    host = f"[{address}]" if ":" in address else address
    token = settings.METRICS_TOKEN
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        client = HttpClient(urlsplit(f"http://{host}:{port}"), SCRAPE_SECONDS)
        response = client.get("/metrics", **headers)
    except Unreachable:
        return None
    if response.status != 200:
        return None
    samples = dict(_samples(response.text))
    try:
        return int(samples["process_open_fds"]), int(samples["process_max_fds"])
    except KeyError:  # not on Linux
        return None


def _addresses() -> dict[str, str]:
    """Return the address of each replica by its name. It is empty over a Unix socket."""
    if connection.vendor != "postgresql":
        return {}
    with connection.cursor() as cursor:
        cursor.execute(REPLICAS)
        rows = cursor.fetchall()
    return {str(name).partition(" ")[2]: address or "" for name, address in rows}


def _usage(name: str, address: str) -> Usage | None:
    host, _colon, pid = name.rpartition(":")
    if host == HOST:
        files = open_and_max_files(pid)
    else:
        files = read_metrics(address, settings.PORT) if address else None
    return Usage(files[0] / files[1], name, *files) if files else None


def _samples(text: str) -> Iterator[tuple[str, float]]:
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            yield sample.name, sample.value
