"""The profile `load`: Locust's master and workers load Hubbub through nginx and print a verdict."""

import re

from tests.deploy.platforms.compose import Composition
from tests.deploy.platforms.conftest import IMAGE
from tests.deploy.platforms.engine import Engine

PROFILE = ("--profile", "load")
RUN = (*PROFILE, "run", "--rm", "--no-deps", "-T")


def test_users_of_two_workers_lose_nothing(engine: Engine, composition: Composition) -> None:
    engine.build(f"{IMAGE}-load", target="load")
    composition.compose(*RUN, "load-users")
    composition.compose(*PROFILE, "up", "-d", "--no-deps", "load-worker")
    # The exit status is not checked, because it also depends on latencies.
    done = composition.attempt(*RUN, "load")
    for name in ("gaps", "duplicates", "reordered"):
        assert re.search(rf"^{name} +0 +0 +met$", done.stdout, re.MULTILINE), done.stdout
    assert re.search(r"^SEND p99 +[0-9.]+ ms", done.stdout, re.MULTILINE), done.stdout
