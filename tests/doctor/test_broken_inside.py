"""Each check of settings, database and Redis is red where just that is wrong."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from redis import Redis

from tests.doctor.deployment import Patient

pytestmark = pytest.mark.deployment


def test_another_secret_key(patient: Patient) -> None:
    seen = patient.examine(SECRET_KEY="of another place, and long enough for any check of Django's")
    assert seen.of("red") == ["session"], seen.said
    assert "replicas" in seen.of("grey")


def test_a_weak_secret_key_or_debug_here(patient: Patient) -> None:
    seen = patient.examine(SECRET_KEY="weak")
    assert "deployment" in seen.of("red"), seen.said
    assert "security.W009" in seen.said["deployment"]
    assert {"debug", "deployment"} <= {*patient.examine(DEBUG="1").of("red")}


def test_a_migration_that_is_missing(patient: Patient) -> None:
    with changed(
        patient,
        "DELETE FROM django_migrations WHERE app = 'accounts' AND name = '0002_user_hidden'",
        "INSERT INTO django_migrations (app, name, applied)"
        " VALUES ('accounts', '0002_user_hidden', now())",
    ):
        seen = patient.examine()
    assert seen.of("red") == ["migrations"], seen.said
    assert "accounts.0002_user_hidden" in seen.said["migrations"]


def test_without_its_tables_only_the_migrations_are_looked_at(patient: Patient) -> None:
    postgres, name = patient.cluster.postgres, f"{patient.cluster.name}_empty"
    assert postgres
    postgres.create_database(name)
    try:
        seen = patient.examine(DATABASE_URL=postgres.url(name))
    finally:
        postgres.drop_database(name)
    assert seen.colours == {"migrations": "red"}, seen.said
    assert seen.exit == 1


def test_a_database_of_a_newer_version_is_yellow(patient: Patient) -> None:
    with changed(
        patient,
        "INSERT INTO django_migrations (app, name, applied) VALUES ('chat', '0999_new', now())",
        "DELETE FROM django_migrations WHERE name = '0999_new'",
    ):
        assert patient.examine().of("yellow") == ["migrations"]


def test_no_mail_server_is_yellow_and_one_that_is_away_is_red(patient: Patient) -> None:
    assert patient.examine(EMAIL_URL="").colours["mail"] == "yellow"
    assert patient.examine().colours["mail"] == "grey"  # nobody has looked
    seen = patient.examine("--quick", "--mail")
    assert seen.of("red") == ["mail"], seen.said


def test_commits_that_postgres_does_not_write(patient: Patient) -> None:
    name = patient.cluster.name
    with changed(
        patient,
        f"ALTER DATABASE {name} SET synchronous_commit = off",
        f"ALTER DATABASE {name} RESET synchronous_commit",
    ):
        seen = patient.examine()
    assert seen.of("red") == ["durability"], seen.said


def test_redis_that_evicts(patient: Patient) -> None:
    with configured(patient, {"maxmemory-policy": "allkeys-lru", "maxmemory": "100mb"}):
        seen = patient.examine()
    assert seen.of("red") == ["redis.eviction"], seen.said


def test_redis_that_cuts_replicas_off(patient: Patient) -> None:
    with configured(patient, {"client-output-buffer-limit": "pubsub 1mb 512kb 10"}):
        seen = patient.examine()
    assert seen.of("red") == ["redis.buffers"], seen.said


def test_redis_that_is_not_reached_from_here_is_grey_while_replicas_hear_each_other(
    patient: Patient,
) -> None:
    assert patient.examine(REDIS_URL="redis://127.0.0.1:1/0").of("grey") == [
        *("tls", "mail", "redis", "idle")
    ]


def test_redis_that_is_away(patient: Patient) -> None:
    assert patient.cluster.redis
    with patient.cluster.redis.paused():
        seen = patient.examine("--quick", "--timeout=6")
    assert {"bus", "redis"} <= {*seen.of("red")}, seen.said
    assert seen.colours["messages"] == "green"


def test_redis_that_shows_no_settings_is_grey(patient: Patient) -> None:
    redis = client_of(patient)
    redis.execute_command("ACL", "SETUSER", "default", "-config")
    try:
        seen = patient.examine()
    finally:
        redis.execute_command("ACL", "SETUSER", "default", "+config")
    assert {"redis.eviction", "redis.buffers"} <= {*seen.of("grey")}, seen.said


@contextmanager
def changed(patient: Patient, change: str, back: str) -> Iterator[None]:
    """Change the deployment's database for a while."""
    assert patient.cluster.postgres
    patient.cluster.postgres.execute(change, database=patient.cluster.name)
    try:
        yield
    finally:
        patient.cluster.postgres.execute(back, database=patient.cluster.name)


@contextmanager
def configured(patient: Patient, options: dict[str, str]) -> Iterator[None]:
    """Set options of the deployment's Redis for a while."""
    redis = client_of(patient)
    before = {name: redis.config_get(name)[name] for name in options}
    for name, value in options.items():
        redis.config_set(name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            redis.config_set(name, value)


def client_of(patient: Patient) -> Any:
    assert patient.cluster.redis
    return Redis.from_url(patient.cluster.redis.url(), decode_responses=True)
