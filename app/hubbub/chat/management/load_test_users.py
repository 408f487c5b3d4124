"""Crowds for load tests: many people, and a ready session or a password for each.

Called by `seed`. They have no password unless one is asked for; whoever holds the file of sessions
or of passwords is them, so it is readable by its owner only.
"""

import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TextIO, TypeVar

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction

from hubbub.accounts.models import User
from hubbub.accounts.sessions import create_session

T = TypeVar("T")

# Each batch is one transaction, which holds the lobby's lock: short enough for those who talk.
BATCH_PEOPLE = 50


def gather(count: int, progress: Callable[[int], None]) -> list[User]:
    """Return person-0001 to person-`count`, made where they are missing (a lobby's members)."""
    names = [f"person-{number:04}" for number in range(1, count + 1)]
    known = User.objects.in_bulk(names, field_name="username")
    people: list[User] = []
    for batch in _batches(names):
        with transaction.atomic():
            people += [known.get(name) or _make(name) for name in batch]
        progress(len(people))
    return people


def write_accounts(people: Sequence[User], lines: TextIO) -> None:
    """Give all of them one new password; write a line `username password` for each.

    Sessions from before are over, as with any new password.
    """
    password = secrets.token_urlsafe(12)
    hashed = make_password(password)  # once: it is meant to be slow
    for batch in _batches(people):
        for person in batch:
            person.password = hashed
        User.objects.bulk_update(batch, ["password"])
    _empty(lines)
    lines.writelines(f"{person.username} {password}\n" for person in people)


def write_sessions(people: Sequence[User], lines: TextIO) -> None:
    """Write a new session for each person as a line `Cookie: …`, in their order."""
    _empty(lines)
    for batch in _batches(people):
        with transaction.atomic():
            lines.writelines(
                f"Cookie: {settings.SESSION_COOKIE_NAME}={create_session(person)}\n"
                for person in batch
            )


def private(path: Path) -> TextIO:
    """Open a file for what makes its reader somebody else; what is in it stays for now.

    Raises OSError.
    """
    # Never readable by others, not even between opening and chmod.
    file = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    os.fchmod(file, 0o600)
    return os.fdopen(file, "w")


def _empty(file: TextIO) -> None:
    if file.seekable():  # no pipe, no terminal
        file.truncate(0)


def _make(username: str) -> User:
    person = User(username=username, email=f"{username}@example.org")
    person.set_unusable_password()
    person.save()
    return person


def _batches(items: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(items)
    while batch := list(islice(rest, BATCH_PEOPLE)):
        yield batch
