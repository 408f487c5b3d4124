"""`token make|list|revoke`: create, list and revoke the bearer tokens of bots and scripts."""

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from hubbub.accounts.models import Token, User
from hubbub.chat.actions import users


class Command(BaseCommand):
    help = "Create, list or revoke bearer tokens."

    def add_arguments(self, parser: ArgumentParser) -> None:
        commands = parser.add_subparsers(dest="command", required=True)
        make = commands.add_parser("make", help="create a token and print its secret once")
        make.add_argument("username")
        make.add_argument("name", help="where the token is used, such as 'build server'")
        listing = commands.add_parser("list", help="list a user's tokens")
        listing.add_argument("username")
        revoke = commands.add_parser("revoke", help="revoke a token immediately")
        revoke.add_argument("id", type=int, help="the id that `list` shows")

    def handle(self, command: str, **options: Any) -> None:
        if command == "revoke":
            self._revoke(options["id"])
        elif command == "list":
            self._list(_user(options["username"]))
        else:
            self._create(_user(options["username"]), options["name"])

    def _create(self, user: User, name: str) -> None:
        if not user.may_enter:
            raise CommandError(_("This account is banned or deactivated."))
        try:
            Token(user=user, name=name).clean_fields(exclude=["digest"])
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        token, secret = Token.create(user, name)
        # Only the secret goes to standard output, for scripts with
        # SECRET=$(manage.py token make …).
        self.stderr.write(_("Token %(id)d (its secret won't be shown again):") % {"id": token.pk})
        self.stdout.write(secret)

    def _list(self, user: User) -> None:
        for token in user.tokens.order_by("pk"):
            revoked = _("revoked %(at)s") % {"at": _day(token.revoked_at)}
            used = _("last used %(at)s") % {"at": _day(token.last_used_at)}
            created = _("created %(at)s") % {"at": _day(token.created_at)}
            columns = [str(token.pk), token.name, created, used]
            self.stdout.write("\t".join(columns + [revoked] * (token.revoked_at is not None)))

    def _revoke(self, token_id: int) -> None:
        token = Token.objects.select_related("user").filter(pk=token_id).first()
        if token is None:
            raise CommandError(_("Token %(id)d not found.") % {"id": token_id})
        users.revoke_token(token.user, token_id=token.pk)
        text = _("%(name)s of %(username)s has been revoked.")
        self.stdout.write(text % {"name": token.name, "username": token.user.username})


def _user(username: str) -> User:
    user = User.objects.filter(username__iexact=username, hidden=False).first()
    if user is None:
        raise CommandError(_("User %(name)s not found.") % {"name": username})
    return user


def _day(at: datetime | None) -> str:
    return at.strftime("%Y-%m-%d %H:%M UTC") if at else _("never")
