"""All rules over all histories. Pure.

Call `check` with what every client recorded and the log read when everything was quiet; an empty
list is what a run must give. A client that went away before the end has views of that moment:
name those in `left_early`, and their final views are not held against the log. With `patience`
given, presence and revocation are judged, too: then all clients of the rooms must be there.
"""

from collections.abc import Collection, Sequence

from loadtests.lib.checker import (
    acknowledgements,
    event_content,
    final_views,
    log_rules,
    membership,
    message_states,
    positions,
    presence,
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
    """Return every fault, in the order in which the rules build on each other."""
    stayed = [history for history in histories if history.name not in left_early]
    memberships = membership.Memberships(log)
    faults = log_rules.check(log) + membership.check_log(log, memberships)
    for history in histories:
        faults += subscriptions.check(history)
        faults += positions.check(history)
        faults += event_content.check(history, log)
        faults += acknowledgements.check(history, log)
        faults += message_states.check_loads(history, log)
        faults += membership.check(history, memberships)
    faults += acknowledgements.check_nonces(histories)
    faults += message_states.check(histories, log)
    for history in stayed:
        faults += final_views.check(history, log)
    faults += acknowledgements.check_shown(histories, stayed)
    faults += final_views.check_equal(stayed)
    if deadlines is not None:
        faults += presence.check(histories, deadlines)
        faults += revocation.check(histories, deadlines)
    return faults


def format_violations(faults: Sequence[Violation], most: int = 20) -> str:
    """Return the faults as lines for a failed test's message."""
    lines = [str(fault) for fault in faults[:most]]
    if len(faults) > most:
        lines.append(f"… and {len(faults) - most} more")
    return "\n".join(lines)
