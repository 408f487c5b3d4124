"""`token make|list|revoke`: bearer tokens of bots and scripts, from the command line."""

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from hubbub.accounts.models import Token, User
from hubbub.chat.actions import users


class Command(BaseCommand):
    help = "Make a bearer token for a person, list theirs, or revoke one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_subparsers(dest="what", required=True)
        make = what.add_parser("make", help="make a token; its secret is printed once, alone")
        make.add_argument("username")
        make.add_argument("name", help="where it is used, such as 'build server'")
        listing = what.add_parser("list", help="list a person's tokens")
        listing.add_argument("username")
        revoke = what.add_parser("revoke", help="revoke a token at once")
        revoke.add_argument("id", type=int, help="as listed")

    def handle(self, what: str, **options: Any) -> None:
        if what == "revoke":
            self._revoke(options["id"])
        elif what == "list":
            self._list(_person(options["username"]))
        else:
            self._make(_person(options["username"]), options["name"])

    def _make(self, person: User, name: str) -> None:
        if not person.may_enter:
            raise CommandError(_("This account is banned or deactivated."))
        try:
            Token(user=person, name=name).clean_fields(exclude=["digest"])
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        token, secret = Token.make(person, name)
        # Nothing else on standard output: SECRET=$(manage.py token make …).
        self.stderr.write(_("Token %(id)d, shown this once:") % {"id": token.pk})
        self.stdout.write(secret)

    def _list(self, person: User) -> None:
        for token in person.tokens.order_by("pk"):
            revoked = _("revoked %(at)s") % {"at": _day(token.revoked_at)}
            used = _("last used %(at)s") % {"at": _day(token.last_used_at)}
            made = _("made %(at)s") % {"at": _day(token.created_at)}
            facts = [str(token.pk), token.name, made, used]
            self.stdout.write("\t".join(facts + [revoked] * (token.revoked_at is not None)))

    def _revoke(self, token_id: int) -> None:
        token = Token.objects.select_related("user").filter(pk=token_id).first()
        if token is None:
            raise CommandError(_("There is no token %(id)d.") % {"id": token_id})
        users.revoke_token(token.user, token_id=token.pk)
        text = _("%(name)s of %(username)s is revoked.")
        self.stdout.write(text % {"name": token.name, "username": token.user.username})


def _person(username: str) -> User:
    person = User.objects.filter(username__iexact=username, hidden=False).first()
    if person is None:
        raise CommandError(_("There is nobody called %(name)s.") % {"name": username})
    return person


def _day(at: datetime | None) -> str:
    return at.strftime("%Y-%m-%d %H:%M UTC") if at else _("never")
