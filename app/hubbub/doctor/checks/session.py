"""Checks that the deployment accepts a session created by the doctor.

If it does, both use the same database and SECRET_KEY.
"""

import json

from django.utils.translation import gettext as _

from hubbub.doctor.context import CheckContext, Results
from hubbub.doctor.results import green, red


def check(context: CheckContext) -> Results:
    response = context.http.get("/api/me", Cookie=context.accounts.cookies[0])
    user = context.accounts.users[0]
    context.session_accepted = response.status == 200 and _user_id(response.body) == user.pk
    if context.session_accepted:
        yield green("session", _("The deployment accepts a session created here."))
        return
    text = _("The deployment rejects a session created here: /api/me responds with %(status)d.")
    fix = _(
        "Run doctor with the deployment's DATABASE_URL and SECRET_KEY, and check that the proxy "
        "forwards cookies."
    )
    yield red("session", text % {"status": response.status}, fix)


def _user_id(body: bytes) -> object:
    try:
        return json.loads(body).get("id")
    except (ValueError, AttributeError):
        return None
