"""One examination as it goes on: where, how patiently, with what open sockets.

Handed to each check in turn; the earlier ones put here what the later ones need.
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TypeAlias

from hubbub.doctor.http_client import Address, Answer
from hubbub.doctor.results import Finding
from hubbub.doctor.test_accounts import TestAccounts
from hubbub.doctor.websocket_client import Tab, open_tab

Findings: TypeAlias = Iterator[Finding]


@dataclass(slots=True)
class Visit:
    address: Address
    page: Answer  # the page to sign in at, as a stranger gets it
    accounts: TestAccounts
    open: ExitStack  # closes the sockets at the end
    quick: bool = False
    mail: bool = False
    known: bool = False  # the deployment knows the sessions that are made here
    tabs: tuple[Tab, ...] = ()  # one, or two on two replicas; none where no socket opens
    idle: Tab | None = None
    idle_since: float = 0.0  # monotonic
    rings: bool | None = None  # whether replicas hear each other; None: not seen

    @property
    def seconds(self) -> float:
        """How long anything may take."""
        return self.address.timeout_seconds

    @property
    def heartbeat_seconds(self) -> float:
        return float(self.tabs[0].welcome["heartbeat_seconds"])

    def open_tab(self, guest: int) -> Tab:
        """Open a socket, which is closed at the end. Raises what opening one does."""
        tab = open_tab(self.address, self.accounts.cookies[guest])
        self.open.callback(tab.close)
        return tab

    def begin_idling(self) -> None:
        """Open a socket and leave it alone; `checks.idle` looks at it last."""
        self.idle, self.idle_since = self.open_tab(0), time.monotonic()
