"""The deployment knows a session made here: it has the same database and SECRET_KEY."""

import json

from django.utils.translation import gettext as _

from hubbub.doctor.context import Findings, Visit
from hubbub.doctor.results import green, red


def look(visit: Visit) -> Findings:
    answer = visit.address.get("/api/me", Cookie=visit.accounts.cookies[0])
    visit.known = answer.status == 200 and _id(answer.body) == visit.accounts.users[0].pk
    if visit.known:
        yield green("session", _("A session made here is known there."))
        return
    text = _("A session made here is not known there: /api/me answers %(status)d.")
    mend = _(
        "Run doctor with the same DATABASE_URL and SECRET_KEY as the deployment, and look that the "
        "proxy passes cookies on."
    )
    yield red("session", text % {"status": answer.status}, mend)


def _id(body: bytes) -> object:
    try:
        return json.loads(body).get("id")
    except (ValueError, AttributeError):
        return None
