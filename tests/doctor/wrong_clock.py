"""The settings of a replica whose clock is half a minute ahead."""

from datetime import UTC, datetime, timedelta

from django.utils import timezone

from hubbub.settings import *  # noqa: F403


def now() -> datetime:
    return datetime.now(UTC) + timedelta(seconds=30)


timezone.now = now
