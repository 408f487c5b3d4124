"""Several runs: each is judged, whatever comes of the others, and all together have one status."""

from collections.abc import Callable, Sequence

import psycopg

from loadtests.chaos.fault_catalogue import KIND_BY_NAME
from loadtests.chaos.network import NetworkError
from loadtests.chaos.outcome import Outcome
from loadtests.chaos.schedule import DoesNotFit
from loadtests.lib.client.rest import RefusedError
from loadtests.lib.console import log
from loadtests.lib.servers import ServerError

DOES_NOT_COUNT = 2
WORSE = [0, DOES_NOT_COUNT, 1]  # which status speaks for several runs
# What ends a run before there is anything to judge. OSError: nobody answers, no time is left.
NOTHING_COMES_OF = (DoesNotFit, NetworkError, ServerError, RefusedError, psycopg.Error, OSError)


def attempt(seed: int, run: Callable[[int], Outcome]) -> Outcome | None:
    """Return what came of a run; None where nothing did, which is said."""
    try:
        return run(seed)
    except NOTHING_COMES_OF as error:
        log(f"Seed {seed} came to nothing: {error}")
        return None


def status(attempts: Sequence[Outcome | None]) -> int:
    statuses = (DOES_NOT_COUNT if one is None else one.status for one in attempts)
    return max(statuses, key=WORSE.index)


def have_every_fault(outcomes: Sequence[Outcome]) -> bool:
    return {row.name for outcome in outcomes for row in outcome.rows} == KIND_BY_NAME.keys()
