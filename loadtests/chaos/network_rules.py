"""Disturbs a host's packets: nftables drops them, tc limits their rate, a relay delays them.

Each nftables rule has a table of its own, which counts the dropped packets. To remove the rule, its
table is deleted. netem could do more, but not every kernel has it.
"""

import json
import re
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from loadtests.chaos.network import INTERFACE, NetworkError, NetworkHost
from scripts.stack.child_process import launcher_command

RELAY = Path(__file__).with_name("delay_relay.py")
BURST_KB, QUEUE_MS = 4, 400


@dataclass(frozen=True, slots=True)
class Drop:
    """Drops a host's packets, incoming and outgoing: all of them, or a random share.

    `incoming` and `outgoing` are nftables conditions; an empty one matches all packets.
    """

    host: NetworkHost
    table: str
    incoming: str = ""
    outgoing: str = ""
    percent: int = 100
    effect: ClassVar[str] = "packets were dropped"

    def apply(self) -> None:
        chance = "" if self.percent == 100 else f"numgen random mod 100 < {self.percent}"
        rules = f"""table inet {self.table} {{
            chain incoming {{
                type filter hook input priority filter
                iifname {INTERFACE} {self.incoming} {chance} counter drop
            }}
            chain outgoing {{
                type filter hook output priority filter
                oifname {INTERFACE} {self.outgoing} {chance} counter drop
            }}
        }}
        """
        self.host.run("nft", "-f", "-", input=rules)

    def count(self) -> int:
        """Return how many packets have been dropped so far; 0 if the rule does not exist."""
        listed = json.loads(self.host.run("nft", "-j", "list", "ruleset"))["nftables"]
        rules = [one["rule"]["expr"] for one in listed if _table_of(one) == self.table]
        return sum(
            part["counter"]["packets"] for rule in rules for part in rule if "counter" in part
        )

    def heal(self) -> None:
        table = f"table inet {self.table}"  # deleting a table that does not exist is an error
        self.host.run("nft", "-f", "-", input=f"add {table}\ndelete {table}\n")


def to_and_from(address: str) -> tuple[str, str]:
    """Return the conditions of a `Drop` for the packets from another host and to it."""
    return f"ip saddr {address}", f"ip daddr {address}"


@dataclass(frozen=True, slots=True)
class Rate:
    """Limits how much a host's cable carries in each direction."""

    host: NetworkHost
    switch: NetworkHost
    kbit: int
    effect: ClassVar[str] = "packets were delayed or dropped"

    def apply(self) -> None:
        shape = ("tbf", "rate", f"{self.kbit}kbit", "burst", f"{BURST_KB}kb")
        for end, device in self._ends:
            where = ("tc", "qdisc", "replace", "dev", device, "root")
            end.run(*where, *shape, "latency", f"{QUEUE_MS}ms")

    def count(self) -> int:
        """Return how many packets have been delayed or dropped so far."""
        statistics = "".join(
            end.run("tc", "-s", "qdisc", "show", "dev", device) for end, device in self._ends
        )
        return sum(int(number) for number in re.findall(r"overlimits (\d+)", statistics))

    def heal(self) -> None:
        with ExitStack() as stack:  # if one end fails, the other end is healed all the same
            for end, device in self._ends:
                stack.callback(self._heal_end, end, device)

    def _heal_end(self, end: NetworkHost, device: str) -> None:
        if "tbf" in end.run("tc", "qdisc", "show", "dev", device):
            end.run("tc", "qdisc", "del", "dev", device, "root")

    @property
    def _ends(self) -> list[tuple[NetworkHost, str]]:
        return [(self.host, INTERFACE), (self.switch, self.host.port)]


class Delay:
    """Delays a host's packets in both directions, by a relay between its cable and the switch."""

    def __init__(self, host: NetworkHost, switch: NetworkHost, milliseconds: int) -> None:
        self.host, self.switch, self.milliseconds = host, switch, milliseconds
        self._relay: subprocess.Popen[str] | None = None

    def apply(self) -> None:
        """Start the relay. Raises NetworkError.

        Call this from the main thread: the relay ends with the thread that started it.
        """
        interfaces = self.host.port, f"far-{self.host.holder}"
        command = [*self.switch.within, sys.executable, "-I", str(RELAY), *interfaces]
        self._relay = subprocess.Popen(
            launcher_command([*command, str(self.milliseconds)]),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._relay.stdout is not None
        if self._relay.stdout.readline() != "ready\n":
            _, error = self._relay.communicate()
            raise NetworkError(f"The relay of {self.host.name} did not start: {error.strip()}")

    def heal(self) -> None:
        if self._relay is not None:
            self._relay.kill()
            self._relay.communicate()
            self.switch.run("ip", "link", "set", self.host.port, "master", "switch")
            self._relay = None


def _table_of(listed: dict[str, Any]) -> str | None:
    table: str | None = listed.get("rule", {}).get("table")
    return table
