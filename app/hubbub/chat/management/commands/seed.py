"""`seed`: create demo users with rooms and messages or, with `--users`, users for load tests.

Use it to try Hubbub out and in tests. Running it again leaves existing data as it is. In a
deployment it requires `--yes`, since its accounts do not belong there.
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
    help = "Create demo users, rooms and messages, or users for load tests."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--yes", action="store_true", help="Allow this in a deployment.")
        parser.add_argument(
            "--users",
            type=int,
            default=0,
            help="Create this many users instead: person-0001 and so on.",
        )
        parser.add_argument(
            "--sessions",
            type=Path,
            metavar="FILE",
            help="Write a session for each user to FILE, as a line `Cookie: …`.",
        )

        parser.add_argument(
            "--accounts",
            type=Path,
            metavar="FILE",
            help="Give the users of --users one password; write lines `username password` to FILE.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.EMBEDDED and not options["yes"]:
            raise CommandError(
                _(
                    "DATABASE_URL is set, so this looks like a deployment. To create demo users "
                    "in it anyway, add --yes."
                )
            )
        if options["accounts"] and not options["users"]:
            raise CommandError(_("--accounts requires --users."))
        with ExitStack() as files:
            # Open the files before anything is created: nobody would know a password that can't be
            # written.
            accounts = self._open(files, options["accounts"])
            sessions = self._open(files, options["sessions"])
            seeded = (
                self._create_load_test_users(options["users"])
                if options["users"]
                else self._create_demo()
            )
            if accounts:
                # Write the accounts before the sessions, because a new password ends existing
                # sessions.
                load_test_users.write_accounts(seeded, accounts)
                self._print(
                    _("Wrote %(count)d accounts to %(file)s. Anyone who can read it can sign in."),
                    count=len(seeded),
                    file=options["accounts"],
                )
            if sessions:
                load_test_users.write_sessions(seeded, sessions)
                self._print(
                    _("Wrote %(count)d sessions to %(file)s. Anyone who can read it is signed in."),
                    count=len(seeded),
                    file=options["sessions"],
                )

    def _open(self, files: ExitStack, path: Path | None) -> TextIO | None:
        if path is None:
            return None
        try:
            return files.enter_context(load_test_users.open_private(path))
        except OSError as error:
            raise CommandError(
                _("Can't write %(file)s (%(error)s). Nothing was changed.")
                % {"file": path, "error": error.strerror}
            ) from None

    def _create_demo(self) -> list[User]:
        cast = self._create_cast()
        new_rooms = demo_data.create(cast)
        if new_rooms:
            self._print(_("New rooms: %(rooms)s."), rooms=", ".join(new_rooms))
        else:
            self._print(_("The demo rooms already exist."))
        return list(cast.values())

    def _create_load_test_users(self, count: int) -> list[User]:
        if not User.objects.filter(is_superuser=True).exists():
            # Otherwise the first load-test user would own the workspace, without a password.
            self._create_cast()
        return load_test_users.get_or_create(count, self._progress)

    def _create_cast(self) -> demo_data.Cast:
        cast = {username: self._get_or_create(username) for username in demo_data.NAMES}
        if not User.objects.filter(is_superuser=True).exists():
            users.make_owner(cast["alice"])
            cast["alice"].refresh_from_db()
        return cast

    def _get_or_create(self, username: str) -> User:
        user = User.objects.filter(username=username).first()
        if user is not None:
            self._print(
                _("%(name)s already exists. To set a new password, use manage.py changepassword."),
                name=username,
            )
            return user
        password = secrets.token_urlsafe(9)
        user = User.objects.create_user(
            username, f"{username}@example.org", password, name=demo_data.NAMES[username]
        )
        self._print(_("%(name)s has the password %(password)s"), name=username, password=password)
        return user

    def _progress(self, count: int) -> None:
        self._print(_("%(count)d users exist."), count=count)

    def _print(self, message: str, **values: object) -> None:
        self.stdout.write(message % values if values else message)
