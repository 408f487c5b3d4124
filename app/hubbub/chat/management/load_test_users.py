"""Creates users for load tests, each with a session or a password.

Called by `seed`. Users have no password unless one is requested. Anyone who can read the file of
sessions or passwords can act as these users, so only its owner can read it.
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

# Users per batch. Each batch is one transaction that holds the lobby's lock. Batches are small,
# because other transactions wait for this lock.
BATCH_USERS = 50


def get_or_create(count: int, progress: Callable[[int], None]) -> list[User]:
    """Return the users person-0001 to person-`count`, and create those that are missing."""
    names = [f"person-{number:04}" for number in range(1, count + 1)]
    existing = User.objects.in_bulk(names, field_name="username")
    users: list[User] = []
    for batch in _batches(names):
        with transaction.atomic():
            users += [existing.get(name) or _create(name) for name in batch]
        progress(len(users))
    return users


def write_accounts(users: Sequence[User], lines: TextIO) -> None:
    """Give all users one new password, and write a line `username password` for each user.

    This ends their earlier sessions, as every new password does.
    """
    password = secrets.token_urlsafe(12)
    hashed = make_password(password)  # only once, since hashing is slow by design
    for batch in _batches(users):
        for user in batch:
            user.password = hashed
        User.objects.bulk_update(batch, ["password"])
    _empty(lines)
    lines.writelines(f"{user.username} {password}\n" for user in users)


def write_sessions(users: Sequence[User], lines: TextIO) -> None:
    """Write a new session for each user as a line `Cookie: …`, in the given order."""
    _empty(lines)
    for batch in _batches(users):
        with transaction.atomic():
            lines.writelines(
                f"Cookie: {settings.SESSION_COOKIE_NAME}={create_session(user)}\n" for user in batch
            )


def open_private(path: Path) -> TextIO:
    """Open a file that only its owner can read, without emptying it. Raises OSError."""
    # Other users must never be able to read the file, not even between opening and chmod.
    file = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    os.fchmod(file, 0o600)
    return os.fdopen(file, "w")


def _empty(file: TextIO) -> None:
    if file.seekable():  # false for a pipe or a terminal
        file.truncate(0)


def _create(username: str) -> User:
    user = User(username=username, email=f"{username}@example.org")
    user.set_unusable_password()
    user.save()
    return user


def _batches(items: Iterable[T]) -> Iterator[list[T]]:
    remaining = iter(items)
    while batch := list(islice(remaining, BATCH_USERS)):
        yield batch
