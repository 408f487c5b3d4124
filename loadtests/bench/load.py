"""The load, in a process of its own: opens sockets, sends by plan, counts what arrives.

Started by `runs`: a plan comes in on standard input; `ready` goes out once all sockets are open;
after the next line that comes in the load begins, and its result is the last line. Bounded in time
by the plan, whatever the servers do.
"""

import asyncio
import json
import sys
import time

from loadtests.bench.dialects import Dialect, dialect_of, number_of
from loadtests.bench.plan import Plan, Result
from loadtests.bench.tally import Tally
from loadtests.bench.wire import Socket, handshake

CONNECTING = 20  # handshakes at the same time
OPEN_SECONDS = 120
QUIET_SECONDS = 2.0
PROBLEM = b'{"type":"problem"'


class Load:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.dialect: Dialect = dialect_of(plan["dialect"], plan["run"])
        self.sockets: list[Socket] = []
        self.rooms = [room for _, room, _ in plan["places"]]
        self.tally = Tally(self.rooms)
        self._unopened = len(self.rooms)
        self._all_open = asyncio.Event()
        self._sending = False

    async def open(self) -> None:
        """Open all sockets and their rooms, a few at a time."""
        gate = asyncio.Semaphore(CONNECTING)
        async with asyncio.timeout(OPEN_SECONDS):
            self.sockets = await asyncio.gather(
                *(self._connect(gate, number) for number in range(len(self.rooms)))
            )
            await self._all_open.wait()

    async def run(self) -> Result:
        self._sending = True
        if self.plan["kind"] == "fanout":
            await self._send_steadily()
        else:
            await self._send_as_fast_as_answered()
        self._sending = False
        await self._drain()
        return self.tally.result(self.plan["kind"], self.plan["seconds"])

    async def _connect(self, gate: asyncio.Semaphore, number: int) -> Socket:
        address, room, identity = self.plan["places"][number]
        headers = self.dialect.headers(address, identity)
        request = handshake(address, self.dialect.path(room), headers)
        host, port = address.split(":")
        async with gate:
            _, socket = await asyncio.get_running_loop().create_connection(
                lambda: Socket(number, request, self._on_text), host, int(port)
            )
            await socket.opened
        opening = self.dialect.open(room)
        if opening is None:
            self._opened()
        else:
            socket.write(opening)
        return socket

    async def _send_steadily(self) -> None:
        """Send so many messages a second from one socket after the other, whatever comes back."""
        interval, began = 1 / self.plan["per_second"], time.perf_counter()
        for turn in range(int(self.plan["seconds"] * self.plan["per_second"])):
            await asyncio.sleep(began + turn * interval - time.perf_counter())
            # 7 has no common factor with the numbers of sockets in use: both replicas' turn.
            self._send(turn * 7 % len(self.sockets))

    async def _send_as_fast_as_answered(self) -> None:
        """Have every socket send its next message when its last one is answered."""
        for number in range(len(self.sockets)):
            self._send(number)
        await asyncio.sleep(self.plan["seconds"])

    async def _drain(self) -> None:
        """Wait until everything has arrived, or nothing has for a while."""
        deadline = time.perf_counter() + self.plan["drain_seconds"]
        while not self.tally.complete and time.perf_counter() < deadline:
            if time.perf_counter() - self.tally.last_at > QUIET_SECONDS:
                break
            await asyncio.sleep(0.05)

    def _send(self, number: int) -> None:
        message = self.tally.sent(number, time.perf_counter())
        self.sockets[number].write(self.dialect.send(self.rooms[number], message))

    def _on_text(self, socket: Socket, payload: bytes) -> None:
        now = time.perf_counter()
        if self.dialect.is_delivery(payload):
            own = self.tally.delivered(socket.number, number_of(payload), now)
            if own and not self.dialect.answers:
                self._answered(socket.number, number_of(payload), now)
        elif self.dialect.is_answer(payload):
            self._answered(socket.number, number_of(payload), now)
        elif self.dialect.is_open(payload):
            self._opened()
        elif payload.startswith(PROBLEM):
            self.tally.problems += 1

    def _opened(self) -> None:
        self._unopened -= 1
        if not self._unopened:
            self._all_open.set()

    def _answered(self, socket: int, message: int, now: float) -> None:
        self.tally.answered(message, now)
        if self._sending and self.plan["kind"] == "sends":
            self._send(socket)


async def main() -> None:
    load = Load(json.loads(sys.stdin.readline()))
    await load.open()
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    result = await load.run()
    print(json.dumps(result), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
