"""Fixtures of all tests: the cast, the lobby, and clusters with real replicas.

alice owns the workspace, bob is a member, dana moderates the lobby, and charlie is in no room but
the lobby. They are created through the real model, so that its signals add them to the lobby.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.core.cache import cache
from django.db.models.signals import post_migrate
from django.dispatch import receiver

from hubbub.accounts.models import User
from hubbub.chat import rate_limits
from hubbub.chat.actions import members, rooms, users
from hubbub.chat.models import Membership, Room, Workspace
from hubbub.chat.models.workspace import WORKSPACE_ID
from loadtests.lib.servers import Cluster, Postgres, Redis
from tests.conftest import POSTGRES, REDIS

PASSWORD = "correct horse battery staple"


@receiver(post_migrate, sender=apps.get_app_config("chat"))
def make_workspace_and_lobby(**kwargs: Any) -> None:
    """Recreate the data migration's rows after a transactional test has emptied all tables."""
    Workspace.objects.get_or_create(pk=WORKSPACE_ID)
    lobby = {"kind": "public", "name": "lobby", "name_key": "lobby"}
    Room.objects.get_or_create(is_lobby=True, defaults=lobby)


@pytest.fixture(scope="session")
def django_db_modify_db_settings_parallel_suffix() -> None:
    """Add no suffix, because each pytest-xdist worker has its own Postgres or folder."""


@pytest.fixture(autouse=True)
def reset_rate_limits() -> None:
    """Reset all rate limits, because on SQLite the next test's users have the same ids."""
    cache.clear()
    for limit in (rate_limits.messages, rate_limits.commands):
        limit.reset()


@pytest.fixture
def alice(db: None) -> User:
    """The owner, created first because the embedded default makes the first user the owner."""
    alice = make_user("alice")
    users.make_owner(alice)
    return User.objects.get(pk=alice.pk)


@pytest.fixture
def bob(alice: User) -> User:
    return make_user("bob")


@pytest.fixture
def charlie(alice: User) -> User:
    return make_user("charlie")


@pytest.fixture
def dana(alice: User, lobby: Room) -> User:
    dana = make_user("dana")
    role = Membership.Role.MODERATOR
    members.change_role(alice, room_id=lobby.pk, user_id=dana.pk, role=role)
    return dana


@pytest.fixture
def lobby(db: None) -> Room:
    return Room.objects.get(is_lobby=True)


@pytest.fixture
def harbour(bob: User) -> Room:
    """Bob's public room."""
    return rooms.create(bob, name="Harbour", kind="public")


@pytest.fixture
def charlie_in_harbour(charlie: User, harbour: Room) -> None:
    members.join(charlie, room_id=harbour.pk)


@pytest.fixture
def den(bob: User) -> Room:
    """Bob's private room."""
    return rooms.create(bob, name="Den", kind="private")


@pytest.fixture(scope="session")
def postgres(request: pytest.FixtureRequest) -> Postgres | None:
    """The PostgreSQL server of this process; None with `--embedded`."""
    return request.config.stash[POSTGRES]


@pytest.fixture(scope="session")
def redis(request: pytest.FixtureRequest) -> Redis | None:
    return request.config.stash[REDIS]


@pytest.fixture
def cluster(postgres: Postgres | None, redis: Redis | None) -> Iterator[Cluster]:
    """Two real replicas (with `--embedded` only one) with their own database on the shared servers.

    A test that stops or pauses PostgreSQL or Redis must create its own `Cluster()`, which starts
    separate servers.
    """
    with Cluster(embedded=postgres is None, postgres=postgres, redis=redis) as cluster:
        yield cluster


def make_user(username: str) -> User:
    return User.objects.create_user(
        username, f"{username}@example.org", PASSWORD, name=username.capitalize()
    )
