"""`manage.py seed`: demo people who talk; with `--users`, a crowd for load tests.

For people who try Hubbub out and for tests. It can be run again: what is there stays as it is. In
a deployment it wants `--yes`, since it makes people whom nobody invited.
"""

import secrets
from argparse import ArgumentParser
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TextIO

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from hubbub.accounts.models import User
from hubbub.chat.actions import users
from hubbub.chat.management import demo_data, load_test_users


class Command(BaseCommand):
    help = "Make demo people, rooms and talk; or a crowd for load tests."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--yes", action="store_true", help="Also in a deployment.")
        parser.add_argument(
            "--users", type=int, default=0, help="Make person-0001 … so many instead."
        )
        parser.add_argument(
            "--sessions",
            type=Path,
            metavar="FILE",
            help="Write a signed-in session for each of them as a line `Cookie: …`.",
        )

        parser.add_argument(
            "--accounts",
            type=Path,
            metavar="FILE",
            help="Give those of --users one password; write lines `username password`.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.EMBEDDED and not options["yes"]:
            raise CommandError(
                _(
                    "DATABASE_URL is set, so this looks like a deployment. To put demo people "
                    "into it all the same, add --yes."
                )
            )
        if options["accounts"] and not options["users"]:
            raise CommandError(_("--accounts is for the crowd that --users makes."))
        with ExitStack() as files:
            # Opened before anything is made: a password that cannot be written is nobody's.
            accounts = self._opened(files, options["accounts"])
            sessions = self._opened(files, options["sessions"])
            seeded = self._gather(options["users"]) if options["users"] else self._make_demo()
            if accounts:
                # Before the sessions: a new password ends those from before.
                load_test_users.write_accounts(seeded, accounts)
                self._say(
                    _("%(count)d accounts are in %(file)s: whoever reads it can sign in."),
                    count=len(seeded),
                    file=options["accounts"],
                )
            if sessions:
                load_test_users.write_sessions(seeded, sessions)
                self._say(
                    _("%(count)d sessions are in %(file)s: whoever reads it is signed in."),
                    count=len(seeded),
                    file=options["sessions"],
                )

    def _opened(self, files: ExitStack, path: Path | None) -> TextIO | None:
        if path is None:
            return None
        try:
            return files.enter_context(load_test_users.private(path))
        except OSError as error:
            raise CommandError(
                _("%(file)s cannot be written (%(error)s): nothing was done.")
                % {"file": path, "error": error.strerror}
            ) from None

    def _make_demo(self) -> list[User]:
        cast = self._make_cast()
        made = demo_data.play(cast)
        if made:
            self._say(_("New rooms: %(rooms)s."), rooms=", ".join(made))
        else:
            self._say(_("The demo's rooms are there already."))
        return list(cast.values())

    def _gather(self, count: int) -> list[User]:
        if not User.objects.filter(is_superuser=True).exists():
            # Else the first of the crowd would own the place, and nobody can sign in as them.
            self._make_cast()
        return load_test_users.gather(count, self._progress)

    def _make_cast(self) -> demo_data.Cast:
        cast = {username: self._make_person(username) for username in demo_data.NAMES}
        if not User.objects.filter(is_superuser=True).exists():
            users.make_owner(cast["alice"])
            cast["alice"].refresh_from_db()
        return cast

    def _make_person(self, username: str) -> User:
        person = User.objects.filter(username=username).first()
        if person is not None:
            self._say(
                _("%(name)s is there already; for a new password: manage.py changepassword."),
                name=username,
            )
            return person
        password = secrets.token_urlsafe(9)
        person = User.objects.create_user(
            username, f"{username}@example.org", password, name=demo_data.NAMES[username]
        )
        self._say(_("%(name)s has the password %(password)s"), name=username, password=password)
        return person

    def _progress(self, count: int) -> None:
        self._say(_("%(count)d people are there."), count=count)

    def _say(self, sentence: str, **facts: object) -> None:
        self.stdout.write(sentence % facts if facts else sentence)
