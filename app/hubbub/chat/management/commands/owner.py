"""`owner USERNAME`: make a user an owner of the workspace. Run it first in a new deployment.

In a deployment, users who sign up become members only. This command promotes an existing user, or
creates an account with a password from standard input or a generated one that is printed once.
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
    help = "Make an existing or a new user an owner of the workspace."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--email", default="", help="the e-mail address of a new account")
        parser.add_argument(
            "--password-stdin",
            action="store_true",
            help="read a new account's password from standard input instead of generating one",
        )

    def handle(self, username: str, email: str, password_stdin: bool, **options: object) -> None:
        user = User.objects.filter(username__iexact=username, hidden=False).first()
        if user is None:
            self._create(username, email, password_stdin)
        elif email or password_stdin:
            raise CommandError(
                _("%(username)s already exists. Leave out --email and --password-stdin.")
                % {"username": user.username}
            )
        else:
            self._promote(user)

    def _promote(self, user: User) -> None:
        if not user.may_enter:
            raise CommandError(_("This account is banned or deactivated."))
        users.make_owner(user)
        self.stdout.write(
            _("%(name)s is now an owner of this workspace.") % {"name": user.username}
        )

    def _create(self, username: str, email: str, password_stdin: bool) -> None:
        password = (
            sys.stdin.readline().rstrip("\n") if password_stdin else secrets.token_urlsafe(12)
        )
        try:
            user = _create_user(username, email, password)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        self.stdout.write(
            _("Created %(name)s, who is now an owner of this workspace.") % {"name": user.username}
        )
        if not password_stdin:
            text = _("Password (won't be shown again): %(password)s") % {"password": password}
            self.stdout.write(text)


@transaction.atomic
def _create_user(username: str, email: str, password: str) -> User:
    user = User(username=username.lower(), name=username.lower())
    user.email = clean_email(email, user)
    validate_password(password, user)
    user.set_password(password)
    user.full_clean()
    user.save()
    users.make_owner(user)
    return user
