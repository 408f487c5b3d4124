"""The state that all checks of a run share: the deployment, the options, the open WebSockets.

Every check receives it in turn; earlier checks store here what later ones need.
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TypeAlias

from hubbub.doctor.accounts import SignedInAccounts
from hubbub.doctor.http_client import HttpClient, Response
from hubbub.doctor.results import CheckResult
from hubbub.doctor.websocket_client import WebSocketClient, connect

Results: TypeAlias = Iterator[CheckResult]


@dataclass(slots=True)
class CheckContext:
    http: HttpClient
    page: Response  # the sign-in page, as an anonymous visitor sees it
    accounts: SignedInAccounts
    open: ExitStack  # closes the WebSockets after the last check
    quick: bool = False
    mail: bool = False
    session_accepted: bool = False  # the deployment accepts sessions that the doctor creates
    # Contains one client, or two that are connected to two replicas; none if no WebSocket opens.
    clients: tuple[WebSocketClient, ...] = ()
    idle_client: WebSocketClient | None = None
    idle_since: float = 0.0  # monotonic
    bus_works: bool | None = None  # None: not checked

    @property
    def timeout_seconds(self) -> float:
        """How long the deployment may take to respond."""
        return self.http.timeout_seconds

    @property
    def ping_interval_seconds(self) -> float:
        return float(self.clients[0].welcome["heartbeat_seconds"])

    def connect(self, account: int) -> WebSocketClient:
        """Open a WebSocket that is closed after the last check.

        Raises what `websocket_client` raises.
        """
        client = connect(self.http, self.accounts.cookies[account])
        self.open.callback(client.close)
        return client

    def open_idle_client(self) -> None:
        """Open a WebSocket that stays silent until `checks.idle` looks at it."""
        self.idle_client, self.idle_since = self.connect(0), time.monotonic()
