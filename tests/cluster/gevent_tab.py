"""A gevent client in a process of its own, because gevent patches the standard library.

For each command, which is a line of JSON on standard input, it prints a line with what it shows of
its room and what its observer found. `python -m tests.cluster.gevent_tab IDENTITY ROOM ADDRESS…`
"""

from gevent import monkey

monkey.patch_all()

import json  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from typing import Any  # noqa: E402

from gevent.fileobject import FileObject  # noqa: E402

from loadtests.lib.client.gevent_client import GeventClient  # noqa: E402
from loadtests.load.connection_observer import ConnectionObserver  # noqa: E402
from loadtests.load.recorder import Recorder  # noqa: E402


class MemoryReport:
    """A report that keeps its entries."""

    def __init__(self) -> None:
        self.recorder = Recorder("tab", time.time())
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
    tab = GeventClient("gevent", identity, addresses, observer.observe, observer).start()
    tab.open(int(room))
    print_state(state(tab, int(room), report))
    for line in FileObject(sys.stdin.buffer, "rb"):
        run(tab, int(room), json.loads(line))
        print_state(state(tab, int(room), report))
    tab.close()


def print_state(state: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(state) + "\n")
    sys.stdout.flush()


def run(tab: GeventClient, room: int, command: dict[str, Any]) -> None:
    match command:
        case {"send": str(body)}:
            tab.send(room, body)
            tab.wait_until(
                lambda: body in bodies(tab, room)
            )  # the answer may arrive before the event
        case {"send_many": int(count)}:
            for number in range(count):
                tab.send(room, f"number {number}")
            tab.wait_until(lambda: f"number {count - 1}" in bodies(tab, room))
        case {"cut": float(away_seconds)}:
            tab.drop_connection(away_seconds)
            tab.wait_until(lambda: not tab.connected)
        case {"wait_for": str(body)}:
            tab.wait_until(lambda: body in bodies(tab, room))


def state(tab: GeventClient, room: int, report: MemoryReport) -> dict[str, Any]:
    return {
        "bodies": bodies(tab, room),
        "address": tab.address,
        "faults": report.faults,
        "resumes": report.succeeded_at.count("RESUME"),
        "sockets": sum(report.recorder.connections.values()),
    }


def bodies(tab: GeventClient, room: int) -> list[str]:
    return [message["body"] for message in tab.subscription(room).view.messages()]


if __name__ == "__main__":
    main()
