"""A form is taken with its token from the service's own page, and refused without it.

Signing out changes nothing for somebody who is not signed in, so that form is sent.
"""

import re

from django.conf import settings
from django.utils.translation import gettext as _

from hubbub.doctor.context import Findings, Visit
from hubbub.doctor.http_client import Answer
from hubbub.doctor.results import Finding, green, grey, red

PATH = "/accounts/logout/"
REFUSED = 403
FAILED = 400


def look(visit: Visit) -> Findings:
    bare = _post(visit, {})
    if bare.status != REFUSED:
        yield _not_refused(bare)
        return
    token = _token(visit)
    if not token:
        yield grey("csrf", _("The page to sign in at sets no token."))
        return
    cookies = {"Cookie": f"{settings.CSRF_COOKIE_NAME}={token}", "X-CSRFToken": token}
    answer = _post(visit, cookies)
    if answer.status == REFUSED:
        text = _("Forms of %(origin)s are refused: nobody can sign in.")
        mend = _(
            "Set PUBLIC_URL=%(origin)s for web, and have the proxy pass Host and X-Forwarded-Proto."
        )
        facts = {"origin": visit.address.origin}
        yield red("csrf", text % facts, mend % facts)
    elif answer.status >= FAILED:
        yield _failed(answer)
    else:
        yield green("csrf", _("Forms are taken with their token, and refused without."))


def _not_refused(answer: Answer) -> Finding:
    if answer.status >= FAILED:
        return _failed(answer)
    text = _("A form without its token is taken: other sites can act for visitors.")
    mend = _("Look that nothing in front answers forms, and that every web runs this version.")
    return red("csrf", text, mend)


def _failed(answer: Answer) -> Finding:
    text = _("A form is answered with %(status)d: whether its token counts is not seen.")
    return grey("csrf", text % {"status": answer.status})


def _post(visit: Visit, headers: dict[str, str]) -> Answer:
    own = {"Origin": visit.address.origin, "Referer": f"{visit.address.origin}/"}
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    return visit.address.ask("POST", PATH, own | kind | headers, b"next=%2F")


def _token(visit: Visit) -> str:
    name = re.escape(settings.CSRF_COOKIE_NAME)
    found = (re.match(rf"{name}=(\w+)", cookie) for cookie in visit.page.cookies)
    return next((match[1] for match in found if match), "")
