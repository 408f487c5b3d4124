"""Each check of settings, database and Redis turns red for just the fault that it looks for."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from redis import Redis

from tests.doctor.deployment import Deployment

pytestmark = pytest.mark.deployment


def test_another_secret_key_is_red(deployment: Deployment) -> None:
    report = deployment.run_doctor(
        SECRET_KEY="of another deployment, and long enough for Django's checks"
    )
    assert report.with_status("red") == ["session"], report.messages
    assert "replicas" in report.with_status("grey")


def test_a_weak_secret_key_or_debug_here_is_red(deployment: Deployment) -> None:
    report = deployment.run_doctor(SECRET_KEY="weak")
    assert "deployment" in report.with_status("red"), report.messages
    assert "security.W009" in report.messages["deployment"]
    assert {"debug", "deployment"} <= {*deployment.run_doctor(DEBUG="1").with_status("red")}


def test_a_missing_migration_is_red(deployment: Deployment) -> None:
    with changed_database(
        deployment,
        "DELETE FROM django_migrations WHERE app = 'accounts' AND name = '0002_user_hidden'",
        "INSERT INTO django_migrations (app, name, applied)"
        " VALUES ('accounts', '0002_user_hidden', now())",
    ):
        report = deployment.run_doctor()
    assert report.with_status("red") == ["migrations"], report.messages
    assert "accounts.0002_user_hidden" in report.messages["migrations"]


def test_without_tables_only_the_migrations_are_checked(deployment: Deployment) -> None:
    postgres, name = deployment.cluster.postgres, f"{deployment.cluster.name}_empty"
    assert postgres
    postgres.create_database(name)
    try:
        report = deployment.run_doctor(DATABASE_URL=postgres.url(name))
    finally:
        postgres.drop_database(name)
    assert report.statuses == {"migrations": "red"}, report.messages
    assert report.exit_code == 1


def test_a_database_from_a_newer_version_is_yellow(deployment: Deployment) -> None:
    with changed_database(
        deployment,
        "INSERT INTO django_migrations (app, name, applied) VALUES ('chat', '0999_new', now())",
        "DELETE FROM django_migrations WHERE name = '0999_new'",
    ):
        assert deployment.run_doctor().with_status("yellow") == ["migrations"]


def test_no_mail_server_is_yellow_and_an_unreachable_one_is_red(deployment: Deployment) -> None:
    assert deployment.run_doctor(EMAIL_URL="").statuses["mail"] == "yellow"
    # The doctor does not check mail without `--mail`.
    assert deployment.run_doctor().statuses["mail"] == "grey"
    report = deployment.run_doctor("--quick", "--mail")
    assert report.with_status("red") == ["mail"], report.messages


def test_commits_that_postgres_does_not_flush_are_red(deployment: Deployment) -> None:
    name = deployment.cluster.name
    with changed_database(
        deployment,
        f"ALTER DATABASE {name} SET synchronous_commit = off",
        f"ALTER DATABASE {name} RESET synchronous_commit",
    ):
        report = deployment.run_doctor()
    assert report.with_status("red") == ["durability"], report.messages


def test_a_redis_that_evicts_is_red(deployment: Deployment) -> None:
    with configured_redis(deployment, {"maxmemory-policy": "allkeys-lru", "maxmemory": "100mb"}):
        report = deployment.run_doctor()
    assert report.with_status("red") == ["redis.eviction"], report.messages


def test_a_redis_that_disconnects_slow_replicas_early_is_red(deployment: Deployment) -> None:
    with configured_redis(deployment, {"client-output-buffer-limit": "pubsub 1mb 512kb 10"}):
        report = deployment.run_doctor()
    assert report.with_status("red") == ["redis.buffers"], report.messages
    message = report.messages["redis.buffers"]
    assert "1048576 bytes behind" in message
    assert "524288 bytes behind for 10 s" in message


def test_a_redis_that_only_the_replicas_reach_is_grey(
    deployment: Deployment,
) -> None:
    assert deployment.run_doctor(REDIS_URL="redis://127.0.0.1:1/0").with_status("grey") == [
        *("tls", "mail", "redis", "idle")
    ]


def test_a_paused_redis_is_red(deployment: Deployment) -> None:
    assert deployment.cluster.redis
    with deployment.cluster.redis.paused():
        report = deployment.run_doctor("--quick", "--timeout=6")
    assert {"bus", "redis"} <= {*report.with_status("red")}, report.messages
    assert report.statuses["messages"] == "green"


def test_a_redis_that_hides_its_settings_is_grey(deployment: Deployment) -> None:
    redis = redis_client(deployment)
    redis.execute_command("ACL", "SETUSER", "default", "-config")
    try:
        report = deployment.run_doctor()
    finally:
        redis.execute_command("ACL", "SETUSER", "default", "+config")
    assert {"redis.eviction", "redis.buffers"} <= {*report.with_status("grey")}, report.messages


@contextmanager
def changed_database(deployment: Deployment, change: str, undo: str) -> Iterator[None]:
    """Change the deployment's database until the `with` block ends."""
    assert deployment.cluster.postgres
    deployment.cluster.postgres.execute(change, database=deployment.cluster.name)
    try:
        yield
    finally:
        deployment.cluster.postgres.execute(undo, database=deployment.cluster.name)


@contextmanager
def configured_redis(deployment: Deployment, options: dict[str, str]) -> Iterator[None]:
    """Set options of the deployment's Redis until the `with` block ends."""
    redis = redis_client(deployment)
    before = {name: redis.config_get(name)[name] for name in options}
    for name, value in options.items():
        redis.config_set(name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            redis.config_set(name, value)


def redis_client(deployment: Deployment) -> Any:
    assert deployment.cluster.redis
    return Redis.from_url(deployment.cluster.redis.url(), decode_responses=True)
