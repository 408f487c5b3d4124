"""Checks and sets a user's e-mail address.

The address is stored twice: in the user's row, and in allauth's table.
"""

from allauth.account.internal.userkit import filter_users_by_email
from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from hubbub.accounts.models import User


def clean_email(email: str, user: User) -> str:
    """Return the address as it is stored. Raises ValidationError if another user has it."""
    email = email.strip().lower()
    if email and any(other.pk != user.pk for other in filter_users_by_email(email)):
        raise ValidationError(_("That e-mail address is already in use."))
    return email


@transaction.atomic
def set_email(user: User, email: str) -> None:
    """Make this the user's only address, not yet confirmed. If it is empty, the user has none.

    Links that were sent earlier stop working.
    """
    if email == user.email and EmailAddress.objects.filter(user=user, email=email).exists():
        return
    EmailAddress.objects.filter(user=user).delete()
    user.email = email
    user.save(update_fields=["email"])
    if email:
        EmailAddress.objects.create(user=user, email=email, primary=True, verified=False)
