"""What a run of the command found, as docs/capacity.json has it. Pure.

`sockets_per_replica` and `messages_per_second_per_replica` are what was measured at the most that
was kept, not what was asked for; `plan_with` is half of that, for a replica that ends sends its
people to the others. Where no limit was found, or it was not the replica's, it may be more:
`limit` says whose it was.
"""

from dataclasses import asdict
from typing import Any

from loadtests.capacity.criteria import GENERATOR, Promise
from loadtests.capacity.message_rates import TALK_SECONDS
from loadtests.capacity.search import Found
from loadtests.lib import exit_codes

SPARE = 2


def figures(
    sockets: Found, messages: Found, promise: Promise, replicas: int, **facts: Any
) -> dict[str, Any]:
    """Return all of it; `facts` are the command, the place, the machine."""
    there, said = sockets.step(), messages.step()
    most = there.sockets // replicas if there else 0
    rate = round(said.answered_per_second / replicas) if said else 0
    return {
        **facts,
        "replicas": replicas,
        "promise": asdict(promise),
        "sockets_per_replica": most,
        "messages_per_second_per_replica": rate,
        "plan_with": {
            "sockets_per_replica": most // SPARE,
            "messages_per_second_per_replica": rate // SPARE,
        },
        "talk_seconds": TALK_SECONDS,
        "sockets": _found(sockets),
        "messages": _found(messages),
    }


def status(found: dict[str, Any]) -> int:
    """Return the exit status of a run that found this."""
    limits = [found[kind]["limit"] for kind in ("sockets", "messages")]
    if any(limit and limit["whose"] == GENERATOR for limit in limits):
        return exit_codes.GENERATOR_LIMITED
    return exit_codes.PASSED if found["sockets_per_replica"] else exit_codes.FAILED


def _found(found: Found) -> dict[str, Any]:
    return {
        "held": found.held,
        "broke": found.broke,
        "limit": asdict(found.limit) if found.limit else None,
        "steps": [asdict(step) for _, step in found.steps],
    }
