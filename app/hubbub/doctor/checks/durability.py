"""Checks that Postgres writes commits to disk.

Then a power cut loses no message that was answered with `ok`.
"""

from django.db import connection
from django.utils.translation import gettext as _

from hubbub.doctor.context import CheckContext, Results
from hubbub.doctor.results import green, grey, red

SETTINGS = ("fsync", "synchronous_commit", "full_page_writes")


def check(context: CheckContext) -> Results:
    if connection.vendor != "postgresql":
        text = _("SQLite writes each commit to its file; when it reaches the disk is up to the OS.")
        yield grey("durability", text)
        return
    off = [name for name in SETTINGS if _setting(name) == "off"]
    if not off:
        yield green("durability", _("Postgres writes each commit to disk before confirming it."))
        return
    text = _("Off in Postgres: %(names)s. A crash can lose messages that were confirmed.")
    fix = _("Turn them on in postgresql.conf, for the database and for the role, and reload.")
    yield red("durability", text % {"names": ", ".join(off)}, fix)


def _setting(name: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting(%s)", [name])
        return str(cursor.fetchone()[0])
