"""Postgres keeps what it says it has: an `ok` that a power cut takes back would be a lie."""

from django.db import connection
from django.utils.translation import gettext as _

from hubbub.doctor.context import Findings, Visit
from hubbub.doctor.results import green, grey, red

SWITCHES = ("fsync", "synchronous_commit", "full_page_writes")


def look(visit: Visit) -> Findings:
    if connection.vendor != "postgresql":
        yield grey("durability", _("SQLite writes each commit to its file, as the system lets it."))
        return
    off = [name for name in SWITCHES if _shown(name) == "off"]
    if not off:
        yield green("durability", _("Postgres writes each commit to disk before it is told."))
        return
    text = _("Off in Postgres: %(names)s. A crash takes back messages that were told.")
    mend = _("Turn them on in postgresql.conf, and for the database and the role, and reload.")
    yield red("durability", text % {"names": ", ".join(off)}, mend)


def _shown(name: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting(%s)", [name])
        return str(cursor.fetchone()[0])
