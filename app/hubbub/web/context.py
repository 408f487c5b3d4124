"""What every template may ask of the place. Nothing here is looked up before a template asks."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest

from hubbub.accounts.models import User


def workspace(request: HttpRequest) -> dict[str, bool | Callable[[], bool]]:
    return {"mails_are_printed": not settings.EMAIL_URL, "is_unowned": is_unowned}


def is_unowned() -> bool:
    """Whether who signs up now becomes the owner: `chat.actions.people.welcome` decides it."""
    return settings.EMBEDDED and not User.objects.filter(is_superuser=True).exists()
