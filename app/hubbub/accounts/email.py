"""A person's e-mail address, kept twice: in our row, and in allauth's table of addresses."""

from allauth.account.models import EmailAddress
from django.db import transaction

from hubbub.accounts.models import User


@transaction.atomic
def set_email(user: User, email: str) -> None:
    """Give a person this one address, unconfirmed; empty means none. Links sent before are void."""
    if email == user.email and EmailAddress.objects.filter(user=user, email=email).exists():
        return
    EmailAddress.objects.filter(user=user).delete()
    user.email = email
    user.save(update_fields=["email"])
    if email:
        EmailAddress.objects.create(user=user, email=email, primary=True, verified=False)
