"""The cast, the lobby, and places with real replicas: the fixtures of all tests.

Alice owns the place, bob is a member, dana moderates the lobby, charlie is a stranger to every
other room. They are made through the real model, so its signals put them into the lobby.
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
    """Bring back what the data migration made, after a transactional test emptied all tables."""
    Workspace.objects.get_or_create(pk=WORKSPACE_ID)
    lobby = {"kind": "public", "name": "lobby", "name_key": "lobby"}
    Room.objects.get_or_create(is_lobby=True, defaults=lobby)


@pytest.fixture(scope="session")
def django_db_modify_db_settings_parallel_suffix() -> None:
    """No suffix: each worker of pytest-xdist has a cluster, or a folder, of its own."""


@pytest.fixture(autouse=True)
def forget_limits() -> None:
    """Nobody pays for what the test before them did (ids come again on SQLite)."""
    cache.clear()
    for limit in (rate_limits.messages, rate_limits.commands):
        limit.reset()


@pytest.fixture
def alice(db: None) -> User:
    """The owner of the place; made first, since the embedded default gives it to the first."""
    alice = make_person("alice")
    users.make_owner(alice)
    return User.objects.get(pk=alice.pk)


@pytest.fixture
def bob(alice: User) -> User:
    return make_person("bob")


@pytest.fixture
def charlie(alice: User) -> User:
    return make_person("charlie")


@pytest.fixture
def dana(alice: User, lobby: Room) -> User:
    dana = make_person("dana")
    role = Membership.Role.MODERATOR
    members.change_role(alice, room_id=lobby.pk, user_id=dana.pk, role=role)
    return dana


@pytest.fixture
def lobby(db: None) -> Room:
    return Room.objects.get(is_lobby=True)


@pytest.fixture
def harbour(bob: User, charlie: User) -> Room:
    """Bob's public room, with charlie in it."""
    room = rooms.create(bob, name="Harbour", kind="public")
    members.join(charlie, room_id=room.pk)
    return room


@pytest.fixture(scope="session")
def postgres(request: pytest.FixtureRequest) -> Postgres | None:
    """The cluster that this process tests on; None with --embedded."""
    return request.config.stash[POSTGRES]


@pytest.fixture(scope="session")
def redis(request: pytest.FixtureRequest) -> Redis | None:
    return request.config.stash[REDIS]


@pytest.fixture
def cluster(postgres: Postgres | None, redis: Redis | None) -> Iterator[Cluster]:
    """A place of its own with two real replicas (one with --embedded), on shared servers.

    Tests that stop or pause PostgreSQL or Redis make a `Cluster()`, which starts its own.
    """
    with Cluster(embedded=postgres is None, postgres=postgres, redis=redis) as cluster:
        yield cluster


def make_person(username: str) -> User:
    return User.objects.create_user(
        username, f"{username}@example.org", PASSWORD, name=username.capitalize()
    )
