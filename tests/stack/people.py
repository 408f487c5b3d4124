"""The people of a whole deployment: their clients come in through nginx, like everybody's.

The stage of the cluster's tests, with one address for all replicas.
"""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, Protocol, cast

import psycopg

from loadtests.lib.checker import Log, read_log
from loadtests.lib.servers import Cluster
from tests.cluster.stage import Stage

CROWD = 50


class Deployed(Protocol):
    """What people need of a deployment: `make stack`, or another that is asked from outside."""

    port: int

    @property
    def address(self) -> str: ...

    def manage(self, *arguments: str, input: str | None = None) -> str: ...

    def variable(self, name: str) -> str: ...


class People(Stage):
    def __init__(self, stack: Deployed, folder: Path) -> None:
        self.stack = stack
        cluster: Any = SimpleNamespace(
            name="the stack",
            manage=stack.manage,
            replicas=[SimpleNamespace(port=stack.port)],
            environment={},
        )
        super().__init__(cast(Cluster, cluster), folder, CROWD)

    def log(self) -> Log:
        with psycopg.connect(self.stack.variable("DATABASE_URL")) as postgres:
            return read_log(postgres)
