"""The result of a run, as docs/capacity.json has it. Pure.

`connections_per_replica` and `messages_per_second_per_replica` are what was measured at the largest
load that passed, not what was asked for. `plan_with` is half of that, because the users of a
replica that stops move to the others. If no limit was found, or it was not the replica's, a replica
may hold more: `limit` says what the limit was.
"""

from dataclasses import asdict
from typing import Any

from loadtests.capacity.criteria import GENERATOR, SECONDS_BETWEEN_MESSAGES, Criteria
from loadtests.capacity.search import SearchResult
from loadtests.lib import exit_codes

SPARE_FACTOR = 2


def figures(
    connections: SearchResult,
    messages: SearchResult,
    criteria: Criteria,
    replicas: int,
    **facts: Any,
) -> dict[str, Any]:
    """Return the whole result; `facts` are the command, the setup and the machine."""
    most_connected, fastest = connections.best_step(), messages.best_step()
    most = most_connected.connections // replicas if most_connected else 0
    rate = round(fastest.acked_per_second / replicas) if fastest else 0
    return {
        **facts,
        "replicas": replicas,
        "criteria": asdict(criteria),
        "connections_per_replica": most,
        "messages_per_second_per_replica": rate,
        "plan_with": {
            "connections_per_replica": most // SPARE_FACTOR,
            "messages_per_second_per_replica": rate // SPARE_FACTOR,
        },
        "seconds_between_messages": SECONDS_BETWEEN_MESSAGES,
        "connections": _as_json(connections),
        "messages": _as_json(messages),
    }


def status(result: dict[str, Any]) -> int:
    """Return the exit status of a run with this result."""
    limits = [result[kind]["limit"] for kind in ("connections", "messages")]
    if any(limit and limit["limited_by"] == GENERATOR for limit in limits):
        return exit_codes.GENERATOR_LIMITED
    return exit_codes.PASSED if result["connections_per_replica"] else exit_codes.FAILED


def _as_json(result: SearchResult) -> dict[str, Any]:
    return {
        "passed": result.passed,
        "failed": result.failed,
        "limit": asdict(result.limit) if result.limit else None,
        "steps": [asdict(step) for _, step in result.steps],
    }
