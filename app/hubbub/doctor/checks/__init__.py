"""What is looked at, in this order: each check takes the visit and yields what it finds.

A check has one file, `look` in it, and says on its own whatever can be wrong with one thing. What
cannot be seen is grey and says why. An error that it does not expect makes it red, not the end.
Not among them is `migrations`, which is looked at before there can be a visit.
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
from hubbub.doctor.context import Findings, Visit

Check: TypeAlias = Callable[[Visit], Findings]

# Sockets first, since one of them has to be left alone for a while.
CHECKS: dict[str, Check] = {
    module.__name__.rpartition(".")[2]: module.look
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
