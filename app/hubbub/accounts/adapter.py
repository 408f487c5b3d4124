"""Adapts allauth: refuses banned users, counts sign-ins, sets the links in e-mails.

The settings name this adapter, and allauth calls it. All sign-ins pass through it, because the
Django admin uses the same page, so it counts all attempts. If PUBLIC_URL is set, links in e-mails
start with PUBLIC_URL and not with the address of the request.
"""

import logging
from smtplib import SMTPException
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.stagekit import clear_login
from allauth.core import context as allauth_context
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from hubbub.accounts.models import User
from hubbub.observability import metrics

logger = logging.getLogger(__name__)


class Site(NamedTuple):
    """The attributes of a site that the e-mail templates use."""

    name: str
    domain: str


class AccountAdapter(DefaultAccountAdapter):
    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count the attempts that a rate limit refuses before the password is checked."""
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            metrics.sign_in_limited.inc()
            raise

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        metrics.sign_in_failed.inc()
        super().authentication_failed(request, **credentials)

    def pre_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse | None:
        """Show the ban page to banned users, but only after their password was checked."""
        if user.banned_at is not None:
            clear_login(request)
            return render(request, "banned.html", status=403)
        response: HttpResponse | None = super().pre_login(request, user, **kwargs)
        return response

    def post_login(
        self,
        request: HttpRequest,
        user: User,
        *,
        signup: bool,
        redirect_url: str | None,
        **kwargs: Any,
    ) -> HttpResponse:
        """Redirect to the next page.

        An owner who has just signed up sees the welcome page first.
        """
        if signup and user.is_owner:
            redirect_url = f"{reverse('welcome')}?{urlencode({'next': redirect_url or ''})}"
        if not signup:
            metrics.sign_in_ok.inc()
        response: HttpResponse = super().post_login(
            request, user, signup=signup, redirect_url=redirect_url, **kwargs
        )
        return response

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send an e-mail, or report on the page that it could not be sent."""
        request = allauth_context.request
        host = urlsplit(settings.PUBLIC_URL).netloc or request.get_host()
        links = {key: public(value) for key, value in context.items() if key.endswith("_url")}
        site = {"current_site": Site("Hubbub", host)}
        try:
            super().send_mail(template_prefix, email, context | links | site)
        except (SMTPException, OSError):
            logger.exception("Can't send an e-mail.")
            text = _("The e-mail couldn't be sent. Try again later, or ask an owner for help.")
            messages.error(request, text)


def public(link: str) -> str:
    """Return the link with PUBLIC_URL as its base, if PUBLIC_URL is set."""
    if not settings.PUBLIC_URL:
        return link
    path = urlsplit(link)._replace(scheme="", netloc="").geturl()
    return f"{settings.PUBLIC_URL}{path}"
