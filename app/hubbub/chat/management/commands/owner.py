"""`owner USERNAME`: make somebody the place's owner, the way in of a new deployment.

There sign-up makes members only. A person who is there is promoted; otherwise the account is made,
with a password from standard input or a new one that is printed once.
"""

import secrets
import sys
from argparse import ArgumentParser

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils.translation import gettext as _

from hubbub.accounts.email import clean_email
from hubbub.accounts.models import User
from hubbub.chat.actions import users


class Command(BaseCommand):
    help = "Make somebody the owner of this place: a person who is there, or a new account."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--email", default="", help="of a new account")
        parser.add_argument(
            "--password-stdin",
            action="store_true",
            help="read a new account's password from standard input instead of making one",
        )

    def handle(self, username: str, email: str, password_stdin: bool, **options: object) -> None:
        person = User.objects.filter(username__iexact=username, hidden=False).first()
        if person is None:
            self._make(username, email, password_stdin)
        elif email or password_stdin:
            raise CommandError(
                _("%(username)s is there already, with an e-mail address and a password.")
                % {"username": person.username}
            )
        else:
            self._promote(person)

    def _promote(self, person: User) -> None:
        if not person.may_enter:
            raise CommandError(_("This account is banned or deactivated."))
        users.make_owner(person)
        self.stdout.write(_("%(name)s owns this place.") % {"name": person.username})

    def _make(self, username: str, email: str, password_stdin: bool) -> None:
        password = (
            sys.stdin.readline().rstrip("\n") if password_stdin else secrets.token_urlsafe(12)
        )
        try:
            person = _new_person(username, email, password)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        self.stdout.write(_("%(name)s is made and owns this place.") % {"name": person.username})
        if not password_stdin:
            text = _("The password, shown this once: %(password)s") % {"password": password}
            self.stdout.write(text)


@transaction.atomic
def _new_person(username: str, email: str, password: str) -> User:
    person = User(username=username.lower(), name=username.lower())
    person.email = clean_email(email, person)
    validate_password(password, person)
    person.set_password(password)
    person.full_clean()
    person.save()
    users.make_owner(person)
    return person
