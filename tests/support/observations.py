"""What clients observed during a fault: users shown as gone, and time without a subscription."""

from loadtests.lib.client import Client
from loadtests.lib.client.history import Connected, Disconnected, PresenceChanged, Subscribed
from loadtests.lib.client.protocol import NORMAL_CLOSURE


def shown_as_left(clients: list[Client]) -> set[int]:
    """Return the ids of all users that any of the clients showed as gone."""
    entries = (entry for client in clients for entry in client.history.entries)
    return {user for entry in entries if isinstance(entry, PresenceChanged) for user in entry.left}


def connection_count(client: Client) -> int:
    """Return how many connections of the client have received their `welcome`."""
    return sum(isinstance(entry, Connected) for entry in client.history.entries)


def share_moved(clients: list[Client]) -> float:
    """Return the share of disconnects that came after the client had opened its next connection."""
    entries = (entry for client in clients for entry in client.history.entries)
    codes = [entry.code for entry in entries if isinstance(entry, Disconnected)]
    return codes.count(NORMAL_CLOSURE) / len(codes)


def longest_time_away(clients: list[Client]) -> float:
    """Return the longest time, in seconds, from a client's disconnect to its next subscription.

    A failed attempt to connect is one more `Disconnected` in the history. The time counts from the
    first of these entries.
    """
    longest = 0.0
    for client in clients:
        away_since = None
        for entry in client.history.entries:
            if isinstance(entry, Disconnected):
                away_since = entry.at if away_since is None else away_since
            elif isinstance(entry, Subscribed) and away_since is not None:
                longest, away_since = max(longest, entry.at - away_since), None
    return longest
