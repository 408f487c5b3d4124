"""Records when each peer was last heard from, and finds peers silent for too long. Pure.

All times are monotonic seconds. When a peer has timed out, `Peers` forgets it with all its users.
"""

from django.conf import settings


class PeerTimeouts:
    def __init__(self) -> None:
        self._last_seen: dict[str, float] = {}  # by replica id

    def start(self, peer_id: str, now: float) -> None:
        """Start the timeout of a peer at its first message, even if that is not a heartbeat."""
        self._last_seen.setdefault(peer_id, now)

    def renew(self, peer_id: str, now: float) -> None:
        """Restart a peer's timeout, because the peer has sent a heartbeat."""
        self._last_seen[peer_id] = now

    def renew_all(self, now: float) -> None:
        """Restart all timeouts, because this replica may have missed the peers' heartbeats."""
        self._last_seen = dict.fromkeys(self._last_seen, now)

    def take_expired(self, now: float) -> list[str]:
        """Return the peers that have been silent for PEER_TIMEOUT_SECONDS, and forget them."""
        limit = settings.PEER_TIMEOUT_SECONDS
        expired = [peer for peer, seen in self._last_seen.items() if now - seen > limit]
        for peer_id in expired:
            del self._last_seen[peer_id]
        return expired
