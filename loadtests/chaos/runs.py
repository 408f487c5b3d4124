"""Several runs: each is judged independently, and together they have one exit status."""

from collections.abc import Callable, Sequence

import psycopg

from loadtests.chaos.fault_catalogue import KIND_BY_NAME
from loadtests.chaos.network import NetworkError
from loadtests.chaos.outcome import INCONCLUSIVE, Outcome
from loadtests.chaos.schedule import DoesNotFit
from loadtests.lib import exit_codes
from loadtests.lib.client.rest import RefusedError
from loadtests.lib.console import log
from loadtests.lib.servers import ServerError

BEST_TO_WORST = [exit_codes.PASSED, INCONCLUSIVE, exit_codes.FAILED]
# What ends a run before there is anything to judge. OSError includes refusals and timeouts.
ABORTING = (DoesNotFit, NetworkError, ServerError, RefusedError, psycopg.Error, OSError)


def attempt(seed: int, run: Callable[[int], Outcome]) -> Outcome | None:
    """Return the outcome of a run; None if it was aborted, after logging why."""
    try:
        return run(seed)
    except ABORTING as error:
        log(f"Seed {seed} was aborted: {error}")
        return None


def exit_status(attempts: Sequence[Outcome | None]) -> int:
    """Return the worst status."""
    statuses = (INCONCLUSIVE if one is None else one.status for one in attempts)
    return max(statuses, key=BEST_TO_WORST.index)


def cover_every_fault(outcomes: Sequence[Outcome]) -> bool:
    return {row.name for outcome in outcomes for row in outcome.rows} == KIND_BY_NAME.keys()
