"""The checks in the order in which they run.

Each module has one function `check`, which receives the context and yields its results. If
something cannot be checked, its result is grey and gives the reason. An unexpected error makes the
result of its check red, and the other checks still run. `migrations` is not in the list: it runs
first, before there can be a context.
"""

from collections.abc import Callable
from typing import TypeAlias

from hubbub.doctor.checks import (
    address,
    bus,
    clocks,
    connections,
    csrf,
    debug,
    deployment,
    durability,
    host,
    idle,
    mail,
    messages,
    origin,
    private,
    redis,
    replicas,
    session,
    static,
    tls,
    versions,
)
from hubbub.doctor.context import CheckContext, Results

Check: TypeAlias = Callable[[CheckContext], Results]

# `replicas`, which opens the WebSockets, comes early and `idle` last, because one socket has to
# stay silent for a while.
CHECKS: dict[str, Check] = {
    module.__name__.rpartition(".")[2]: module.check
    for module in (
        address,
        session,
        replicas,
        messages,
        bus,
        versions,
        clocks,
        origin,
        host,
        csrf,
        tls,
        debug,
        private,
        static,
        deployment,
        mail,
        durability,
        connections,
        redis,
        idle,
    )
}
