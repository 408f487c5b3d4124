"""Several `manage.py migrate` processes take turns.

With `--wait`, the command waits until another process has migrated. The tests run on a database of
their own.
"""

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping

import psycopg
import pytest
from django.core.management import call_command

from hubbub.chat.management.commands.migrate import LOCK_KEY
from loadtests.lib.servers import Postgres
from loadtests.lib.servers.cluster import INHERITED
from loadtests.lib.servers.process import ROOT

pytestmark = pytest.mark.deployment
WITHIN_SECONDS = 60


@pytest.fixture
def empty(postgres: Postgres) -> Iterator[str]:
    """Return the URL of a database without any tables."""
    name = f"empty_{secrets.token_hex(4)}"
    postgres.create_database(name)
    yield postgres.url(name)
    postgres.drop_database(name)


def environment(url: str) -> Mapping[str, str]:
    inherited = {name: os.environ[name] for name in INHERITED & os.environ.keys()}
    ours = {"DATABASE_URL": url, "SECRET_KEY": "for tests", "PYTHONUNBUFFERED": "1"}
    return inherited | ours | {"PYTHONPATH": str(ROOT / "app")}


def start(url: str, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(ROOT / "app/manage.py"), "migrate", *options],
        env=environment(url),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def output_of(process: subprocess.Popen[str]) -> str:
    """Wait until the process has ended successfully. Return its output."""
    text, _ = process.communicate(timeout=WITHIN_SECONDS)
    assert process.returncode == 0, text
    return text


def test_three_processes_on_an_empty_database_take_turns(empty: str) -> None:
    texts = [output_of(process) for process in [start(empty) for _ in range(3)]]
    assert sorted("No migrations to apply." in text for text in texts) == [False, True, True]
    with psycopg.connect(empty) as database:
        applied = database.execute(
            "SELECT count(*), count(DISTINCT (app, name)) FROM django_migrations"
        )
        number, different = applied.fetchone() or (0, 0)
        assert number == different > 0
        assert database.execute("SELECT count(*) FROM chat_place").fetchone() == (1,)
        assert database.execute("SELECT count(*) FROM chat_room").fetchone() == (1,)


def test_it_does_not_wait_inside_the_database(empty: str) -> None:
    with psycopg.connect(empty) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK_KEY])
        process = start(empty)
        assert process.stdout is not None
        assert (
            process.stdout.readline() == "Another process is migrating. Waiting for it to finish.\n"
        )
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        assert other.execute(waiting).fetchone() == (0,)
        assert other.execute("SELECT to_regclass('django_migrations')").fetchone() == (None,)
    assert "Applying chat.0001_initial... OK" in output_of(process)


def test_wait_ends_once_another_process_has_migrated(empty: str) -> None:
    waiting = start(empty, "--wait")
    assert waiting.stdout is not None
    assert waiting.stdout.readline() == "Waiting for another process to apply the migrations.\n"
    output_of(start(empty))
    assert output_of(waiting) == ""


def test_it_ends_on_sigterm(empty: str) -> None:
    """Without a handler, `migrate` would ignore SIGTERM as the first process of a container."""
    waiting = start(empty, "--wait")
    assert waiting.stdout is not None
    assert waiting.stdout.readline() == "Waiting for another process to apply the migrations.\n"
    waiting.terminate()
    text, _ = waiting.communicate(timeout=WITHIN_SECONDS)
    assert (waiting.returncode, text) == (128 + signal.SIGTERM, "")


@pytest.mark.django_db
def test_wait_ends_at_once_if_no_migration_is_missing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    call_command("migrate", "--wait")
    assert capsys.readouterr().out == ""
