"""The stage of the cluster tests for a whole deployment, whose clients connect through nginx.

All replicas share one address.
"""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, Protocol, cast

import psycopg

from loadtests.lib.checker import Log, read_log
from loadtests.lib.servers import Cluster
from tests.cluster.stage import Stage

USER_COUNT = 50


class Deployed(Protocol):
    """What the stage needs from a deployment, which can be a running `make stack` or any other."""

    port: int

    @property
    def address(self) -> str: ...

    def manage(self, *arguments: str, input: str | None = None) -> str: ...

    def variable(self, name: str) -> str: ...


class DeployedStage(Stage):
    def __init__(self, stack: Deployed, folder: Path) -> None:
        self.stack = stack
        cluster: Any = SimpleNamespace(
            name="the stack",
            manage=stack.manage,
            replicas=[SimpleNamespace(port=stack.port)],
            environment={},
        )
        super().__init__(cast(Cluster, cluster), folder, USER_COUNT)

    def log(self) -> Log:
        with psycopg.connect(self.stack.variable("DATABASE_URL")) as postgres:
            return read_log(postgres)
