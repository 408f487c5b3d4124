"""Applies all rules to all histories. Pure.

Call `check` with the histories of all clients, and with the log as it was read after the last
change. A correct run gives an empty list. A client that closed before the end has outdated views:
name it in `left_early`, so that its final views are not compared with the log. With `deadlines`,
presence and revocation are also checked; the histories must then include all clients of the rooms.
"""

from collections.abc import Collection, Sequence

from loadtests.lib.checker import (
    acknowledgements,
    final_views,
    log_rules,
    membership,
    message_states,
    positions,
    presence,
    received,
    revocation,
    subscriptions,
)
from loadtests.lib.checker.fault_windows import Deadlines
from loadtests.lib.checker.log import Log
from loadtests.lib.checker.violation import Violation
from loadtests.lib.client.history import History


def check(
    histories: Sequence[History],
    log: Log,
    *,
    left_early: Collection[str] = (),
    deadlines: Deadlines | None = None,
) -> list[Violation]:
    """Return every violation. Later rules build on the ones that are checked before them."""
    stayed = [history for history in histories if history.name not in left_early]
    memberships = membership.Memberships(log)
    violations = log_rules.check(log) + membership.check_log(log, memberships)
    for history in histories:
        violations += subscriptions.check(history)
        violations += positions.check(history)
        violations += received.check(history, log)
        violations += membership.check(history, memberships)
    violations += acknowledgements.check_nonces(histories)
    violations += message_states.check(histories, log)
    for history in stayed:
        violations += final_views.check(history, log)
    violations += acknowledgements.check_shown(histories, stayed)
    violations += final_views.check_equal(stayed)
    if deadlines is not None:
        violations += presence.check(histories, deadlines)
        violations += revocation.check(histories, deadlines)
    return violations


def format_violations(violations: Sequence[Violation], most: int = 20) -> str:
    """Return the violations as lines, for the message of a failed test."""
    lines = [str(violation) for violation in violations[:most]]
    if len(violations) > most:
        lines.append(f"… and {len(violations) - most} more")
    return "\n".join(lines)
