"""Checks that a form is accepted with a CSRF token, and rejected without one.

A form must be accepted when its token comes from the deployment's own page. The checks send the
sign-out form, which changes nothing for an anonymous visitor.
"""

import re

from django.conf import settings
from django.utils.translation import gettext as _

from hubbub.doctor.context import CheckContext, Results
from hubbub.doctor.http_client import Response
from hubbub.doctor.results import CheckResult, green, grey, red

PATH = "/accounts/logout/"
FORBIDDEN = 403
FIRST_ERROR = 400


def check(context: CheckContext) -> Results:
    without_token = _post(context, {})
    if without_token.status != FORBIDDEN:
        yield _not_rejected(without_token)
        return
    token = _token(context)
    if not token:
        yield grey("csrf", _("The sign-in page sets no CSRF token."))
        return
    cookies = {"Cookie": f"{settings.CSRF_COOKIE_NAME}={token}", "X-CSRFToken": token}
    response = _post(context, cookies)
    if response.status == FORBIDDEN:
        text = _("Forms from %(origin)s are rejected, so users cannot sign in.")
        fix = _(
            "Set PUBLIC_URL=%(origin)s for web, and have the proxy pass Host and X-Forwarded-Proto."
        )
        values = {"origin": context.http.origin}
        yield red("csrf", text % values, fix % values)
    elif response.status >= FIRST_ERROR:
        yield _unexpected(response)
    else:
        yield green("csrf", _("Forms are accepted with their CSRF token and rejected without."))


def _not_rejected(response: Response) -> CheckResult:
    if response.status >= FIRST_ERROR:
        return _unexpected(response)
    text = _("A form without its CSRF token is accepted: other sites can act for visitors.")
    fix = _(
        "Check that no proxy answers forms itself, and that each web process runs the same version "
        "of the code as this command."
    )
    return red("csrf", text, fix)


def _unexpected(response: Response) -> CheckResult:
    text = _("The response to a form was %(status)d, which says nothing about its CSRF token.")
    return grey("csrf", text % {"status": response.status})


def _post(context: CheckContext, headers: dict[str, str]) -> Response:
    form_headers = {
        "Origin": context.http.origin,
        "Referer": f"{context.http.origin}/",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    return context.http.request("POST", PATH, form_headers | headers, b"next=%2F")


def _token(context: CheckContext) -> str:
    name = re.escape(settings.CSRF_COOKIE_NAME)
    matches = (re.match(rf"{name}=(\w+)", cookie) for cookie in context.page.cookies)
    return next((match[1] for match in matches if match), "")
