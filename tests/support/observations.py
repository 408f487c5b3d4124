"""What clients have seen of a fault: who they were told had left, how long they heard nothing."""

from itertools import pairwise

from loadtests.lib.client import Client
from loadtests.lib.client.history import Disconnected, PresenceChanged, Subscribed


def left(clients: list[Client]) -> set[int]:
    """Return everybody whom any of the clients was told to be gone."""
    entries = (entry for client in clients for entry in client.history.entries)
    return {user for entry in entries if isinstance(entry, PresenceChanged) for user in entry.left}


def longest_silence(clients: list[Client]) -> float:
    """Return the most seconds that any client was without a subscription after a close."""
    silences = [0.0]
    for client in clients:
        turns = [
            one for one in client.history.entries if isinstance(one, Disconnected | Subscribed)
        ]
        silences += [
            after.at - before.at
            for before, after in pairwise(turns)
            if isinstance(before, Disconnected) and isinstance(after, Subscribed)
        ]
    return max(silences)
