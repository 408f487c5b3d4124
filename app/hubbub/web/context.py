"""Gives every template values about the workspace.

The query runs only if a template uses one of them.
"""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest

from hubbub.accounts.models import User


def workspace(request: HttpRequest) -> dict[str, str | bool | Callable[[], bool]]:
    return {
        "email_is_logged": not settings.EMAIL_URL,
        "has_no_owner": has_no_owner,
        "version": settings.VERSION,
    }


def has_no_owner() -> bool:
    """Whether the next account to sign up becomes an owner (see `chat.actions.sign_up`)."""
    return settings.EMBEDDED and not User.objects.filter(is_superuser=True).exists()
