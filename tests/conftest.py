"""Starts the servers that tests run on: PostgreSQL and Redis, or SQLite with `--embedded`.

Django reads its settings from the environment, which must be complete before Django is imported. So
this file imports nothing from Django at its top. pytest-django gets no settings module, because it
would read that module even earlier. The fixtures are in `support/fixtures.py`, which is imported
once Django is set up.
"""

import os
import re
from collections.abc import Mapping
from contextlib import ExitStack
from tempfile import TemporaryDirectory

import hypothesis
import pytest
from xdist.remote import Producer

from loadtests.lib.servers import Postgres, Redis, ServerError
from loadtests.lib.servers.fork_server import ForkServer
from loadtests.lib.servers.process import ROOT
from tests.support.scheduling import FolderScheduling, put_long_units_first

STACK = pytest.StashKey[ExitStack]()
POSTGRES = pytest.StashKey[Postgres | None]()
REDIS = pytest.StashKey[Redis | None]()
# A test with one of these fixtures uses a database or a whole cluster.
DATABASE_FIXTURES = {"db", "transactional_db", "cluster", "stage"}
# Variables that configure Hubbub. Values that the shell sets for them are not meant for tests.
HUBBUB_VARIABLES = re.findall(r"^# ([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--embedded",
        action="store_true",
        help="run on the embedded default: SQLite and the in-memory layer, one process",
    )
    parser.addoption(
        "--stock-daphne",
        action="store_true",
        help="run the tests that share the cluster of tests/cluster, on unmodified Daphne",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "deployment: needs PostgreSQL, Redis or several replicas; not run with --embedded",
    )
    config.addinivalue_line(
        "markers", "our_server: needs our subclass of Daphne; not run with --stock-daphne"
    )
    # How long an example takes depends on how busy the machine is, and says nothing about the code.
    too_slow = [hypothesis.HealthCheck.too_slow]
    hypothesis.settings.register_profile("untimed", deadline=None, suppress_health_check=too_slow)
    hypothesis.settings.load_profile("untimed")
    if config.option.help or _only_distributes(config):
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
    for option, differs in (
        ("embedded", _differs_when_embedded),
        ("stock_daphne", _differs_on_stock_daphne),
    ):
        if config.getoption(option):
            kept = [item for item in items if differs(item)]
            config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
            items[:] = kept
    put_long_units_first(items)


@pytest.hookimpl(optionalhook=True)  # pytest-xdist can be turned off
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> FolderScheduling:
    config.option.loadscopereorder = False  # keep the order of the tests
    return FolderScheduling(config, log)


def _only_distributes(config: pytest.Config) -> bool:
    """Return whether this process leaves all tests to workers of pytest-xdist."""
    # The option `dist` is missing if pytest-xdist is turned off.
    distributes = config.getoption("dist", "no") != "no" and not config.option.collectonly
    return distributes and not hasattr(config, "workerinput")


def _differs_when_embedded(item: pytest.Item) -> bool:
    """Return whether a test uses a database and can run on the embedded default.

    The other tests that can run there give the same result with any database.
    """
    if item.get_closest_marker("deployment"):
        return False
    names = set(getattr(item, "fixturenames", ()))
    return bool(names & DATABASE_FIXTURES) or item.get_closest_marker("django_db") is not None


def _differs_on_stock_daphne(item: pytest.Item) -> bool:
    """Return whether a test uses the shared cluster, and works on unmodified Daphne."""
    shared = "shared_stage" in getattr(item, "fixturenames", ())
    return shared and item.get_closest_marker("our_server") is None


def _start_servers(config: pytest.Config) -> Mapping[str, str]:
    """Start the servers of this process. Return the environment variables that name them.

    Every worker of pytest-xdist starts servers of its own, which costs less than sharing them.
    """
    stack = config.stash[STACK] = ExitStack()
    ForkServer.running = stack.enter_context(ForkServer())
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
    for name in HUBBUB_VARIABLES:
        os.environ.pop(name, None)
        os.environ.pop(f"{name}_FILE", None)
    os.environ.update(environment, DJANGO_SETTINGS_MODULE="hubbub.settings")


def _set_up_django() -> None:
    import django
    from django.conf import settings

    # Hashed file names would need `collectstatic` before each run.
    settings.STORAGES["staticfiles"] = {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
    }
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # SQLite locks an in-memory database differently from a file.
    if settings.EMBEDDED:
        settings.DATABASES["default"]["TEST"] = {"NAME": str(settings.DATA_DIR / "tests.sqlite3")}
    django.setup()
    # Workers of pytest-xdist inherit the environment and would read the settings too early.
    del os.environ["DJANGO_SETTINGS_MODULE"]
