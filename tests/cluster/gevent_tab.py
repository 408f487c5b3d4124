"""A client under gevent, in a process of its own, because gevent patches the standard library.

Each line of JSON on standard input is a command. For each command, the process prints a line with
what the client shows of its room and what its observer found. Run it as `python -m
tests.cluster.gevent_tab IDENTITY ROOM ADDRESS…`.
"""

from gevent import monkey

monkey.patch_all()

import asyncio  # noqa: E402
import json  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from collections import deque  # noqa: E402
from typing import Any  # noqa: E402

from gevent.fileobject import FileObject  # noqa: E402

from loadtests.lib.client import Client, History, gevent_loop  # noqa: E402
from loadtests.lib.client.subscription import Start  # noqa: E402
from loadtests.load.connection_observer import ConnectionObserver  # noqa: E402
from loadtests.load.recorder import Recorder  # noqa: E402
from loadtests.users.browser_user import MESSAGES_KEPT  # noqa: E402


class MemoryReport(Recorder):
    """A recorder that keeps everything that is reported to it."""

    def __init__(self) -> None:
        super().__init__("tab", time.time())
        self.succeeded_at: list[str] = []
        self.faults: list[str] = []

    def succeeded(self, kind: str, name: str, seconds: float) -> None:
        self.succeeded_at.append(kind)

    def failed(self, kind: str, name: str, error: Exception) -> None: ...

    def order_error(self, kind: str, text: str) -> None:
        self.faults.append(text)


def main() -> None:
    identity, room, *addresses = sys.argv[1:]
    report = MemoryReport()
    observer = ConnectionObserver("gevent", "run", report)
    history = History("gevent", deque(maxlen=0), watch=observer.observe)
    tab = Client(
        "gevent",
        identity,
        addresses,
        history=history,
        listener=observer,
        messages_kept=MESSAGES_KEPT,
    )
    gevent_loop.run(arrive(tab, int(room)))
    print_state(state(tab, int(room), report))
    for line in FileObject(sys.stdin.buffer, "rb"):
        gevent_loop.run(perform(tab, int(room), json.loads(line)))
        print_state(state(tab, int(room), report))
    gevent_loop.run(tab.close())


def print_state(state: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(state) + "\n")
    sys.stdout.flush()


async def arrive(tab: Client, room: int) -> None:
    await tab.__aenter__()
    await tab.open(room, Start.NOW)


async def perform(tab: Client, room: int, command: dict[str, Any]) -> None:
    match command:
        case {"send": str(body)}:
            await tab.send(room, body)
            # The answer may arrive before the event.
            await tab.wait_until(lambda: body in bodies(tab, room))
        case {"send_many": int(count)}:
            for number in range(count):
                await tab.send(room, f"number {number}")
            await tab.wait_until(lambda: f"number {count - 1}" in bodies(tab, room))
        case {"cut": float(away_seconds)}:
            await tab.disconnect(close_frame=False)
            await tab.wait_until(lambda: not tab.connected)
            asyncio.get_running_loop().call_later(away_seconds, tab.reconnect)
        case {"wait_for": str(body)}:
            await tab.wait_until(lambda: body in bodies(tab, room), within=30)


def state(tab: Client, room: int, report: MemoryReport) -> dict[str, Any]:
    return {
        "bodies": bodies(tab, room),
        "address": tab.address,
        "faults": report.faults,
        "resumes": report.succeeded_at.count("RESUME"),
        "sockets": sum(report.connections.values()),
    }


def bodies(tab: Client, room: int) -> list[str]:
    return [message["body"] for message in tab.subscription(room).view.messages()]


if __name__ == "__main__":
    main()
