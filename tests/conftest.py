"""Where the tests run: on a PostgreSQL and a Redis of their own, or with `--embedded` on SQLite.

The environment has to stand before Django's settings are read. So this file imports nothing of
Django's at its top, and pytest-django is not told of a settings module, which it would read earlier
still; the fixtures are in `fixtures.py`, loaded when Django is there.
"""

import os
import re
from collections.abc import Mapping
from contextlib import ExitStack
from tempfile import TemporaryDirectory

import pytest

from loadtests.lib.servers import Postgres, Redis, ServerError
from loadtests.lib.servers.process import ROOT

STACK = pytest.StashKey[ExitStack]()
POSTGRES = pytest.StashKey[Postgres | None]()
REDIS = pytest.StashKey[Redis | None]()
# The fixtures by which a test gets at a database or a whole place.
PLACES = {"db", "transactional_db", "cluster", "stage"}
# Whatever the shell says of these is for a Hubbub that somebody runs, not for tests.
OURS = re.findall(r"^# ([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--embedded",
        action="store_true",
        help="run on the embedded default: SQLite and the in-memory layer, one process",
    )
    parser.addoption(
        "--stock-daphne",
        action="store_true",
        help="run what the shared stage of tests/cluster is for, served by Daphne as it comes",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "deployment: needs PostgreSQL, Redis or several replicas; left out with --embedded",
    )
    config.addinivalue_line(
        "markers", "our_server: needs what Daphne as it comes has not; left out with --stock-daphne"
    )
    if config.option.help:
        return
    try:
        _set_environment(_start_servers(config))
    except ServerError as error:
        raise pytest.UsageError(str(error)) from None
    _set_up_django()
    config.pluginmanager.import_plugin("tests.support.fixtures")


def pytest_unconfigure(config: pytest.Config) -> None:
    if STACK in config.stash:
        config.stash[STACK].close()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for option, differs in (("embedded", _differs_when_embedded), ("stock_daphne", _differs_on_it)):
        if config.getoption(option):
            kept = [item for item in items if differs(item)]
            config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
            items[:] = kept
    for item in items:
        if group := _group_of(item):
            item.add_marker(pytest.mark.xdist_group(group))
    # The long groups start first, so that no worker is left alone with one at the end.
    items.sort(key=lambda item: item.get_closest_marker("xdist_group") is None)


def _group_of(item: pytest.Item) -> str:
    """Return the folder or file whose tests share an expensive fixture with `item`, or "".

    With `--dist loadgroup`, pytest-xdist runs such tests in one worker, so that a cluster which
    they share starts once and not once in each worker.
    """
    assert isinstance(item, pytest.Function)
    fixtures = [each for defs in item._fixtureinfo.name2fixturedefs.values() for each in defs]
    shared = {each.scope: each.baseid for each in fixtures if each.baseid.startswith("tests/")}
    return shared.get("session") or shared.get("module") or ""


def _differs_when_embedded(item: pytest.Item) -> bool:
    """Whether a test has to do with a place: the others say the same on every database."""
    if item.get_closest_marker("deployment"):
        return False
    names = set(getattr(item, "fixturenames", ()))
    return bool(names & PLACES) or item.get_closest_marker("django_db") is not None


def _differs_on_it(item: pytest.Item) -> bool:
    """Whether a test has to do with what serves the stage, and stock can do what it asks."""
    shared = "whole_stage" in getattr(item, "fixturenames", ())
    return shared and item.get_closest_marker("our_server") is None


def _start_servers(config: pytest.Config) -> Mapping[str, str]:
    """Start what this process tests on; return the environment that tells of it.

    Every worker of pytest-xdist starts its own: two cost less than sharing them.
    """
    stack = config.stash[STACK] = ExitStack()
    folder = stack.enter_context(TemporaryDirectory(prefix="hubbub-tests-"))
    config.stash[POSTGRES] = config.stash[REDIS] = None
    environment = {"DATA_DIR": folder, "STATIC_ROOT": folder, "EMAIL_URL": "memorymail://"}
    if config.getoption("embedded"):
        return environment
    postgres = config.stash[POSTGRES] = stack.enter_context(Postgres())
    redis = config.stash[REDIS] = stack.enter_context(Redis())
    return environment | {
        "DATABASE_URL": postgres.url("hubbub"),
        "REDIS_URL": redis.url(),
        "REDIS_PREFIX": "tests",
        "SECRET_KEY": "a key for tests, and for nothing else",
    }


def _set_environment(environment: Mapping[str, str]) -> None:
    for name in OURS:
        os.environ.pop(name, None)
        os.environ.pop(f"{name}_FILE", None)
    os.environ.update(environment, DJANGO_SETTINGS_MODULE="hubbub.settings")


def _set_up_django() -> None:
    import django
    from django.conf import settings

    # Hashed names would need `collectstatic` before each run.
    settings.STORAGES["staticfiles"] = {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
    }
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # In memory, SQLite locks differently: tests would meet what nobody else does.
    if settings.EMBEDDED:
        settings.DATABASES["default"]["TEST"] = {"NAME": str(settings.DATA_DIR / "tests.sqlite3")}
    django.setup()
    # Workers of pytest-xdist inherit the environment, and would read the settings too early.
    del os.environ["DJANGO_SETTINGS_MODULE"]
