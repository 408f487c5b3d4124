"""A loopback on which ports 80 and 443 are free, for a deployment that is at its usual ports.

It is a network namespace of its own: root can make one, with most kernels anybody can, and where a
container forbids it, its own loopback will do. Run as a script, this is the process that holds it
and listens there for the tests: a socket stays where it was made, whoever accepts on it.
"""

import fcntl
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

import pytest

from loadtests.lib.servers.process import HOST, ROOT

HTTP, HTTPS = 80, 443
# Flags of an interface are read and written with these (netdevice(7)).
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
INTERFACE = struct.Struct("16sh22x")


@dataclass(frozen=True, slots=True)
class Way:
    """How a loopback is come by, and how a command gets into it."""

    make: Sequence[str]
    enter: Sequence[str]

    def within(self, holder: int) -> list[str]:
        return [*self.enter, f"--target={holder}"] if self.enter else []


AS_ROOT = Way(("unshare", "--net"), ("nsenter", "--net"))
AS_ANYBODY = Way(
    ("unshare", "--user", "--map-root-user", "--net"),
    ("nsenter", "--user", "--preserve-credentials", "--net"),
)
THE_MACHINES = Way((), ())


class NoLoopback(Exception):
    """There is none to be had in this way; the text says why."""


@dataclass(frozen=True, slots=True)
class Loopback:
    within: Sequence[str]  # what a command begins with to run there
    _holder: socket.socket

    def listen(self, port: int) -> socket.socket:
        """Return a socket that listens there. Raises NoLoopback."""
        with suppress(OSError):
            self._holder.sendall(str(port).encode())
            _, descriptors, _, _ = socket.recv_fds(self._holder, 1, 1)
            if descriptors:
                return socket.socket(fileno=descriptors[0])
        raise NoLoopback(f"port {port} cannot be listened on")


@contextmanager
def own_loopback() -> Iterator[Loopback]:
    """Yield one until it ends; where none can be had, skip, but for root and CI fail."""
    with ExitStack() as held:
        yield _first(held)


def _first(held: ExitStack) -> Loopback:
    reasons = []
    for way in (AS_ROOT, AS_ANYBODY, THE_MACHINES):
        try:
            return held.enter_context(_held(way))
        except (NoLoopback, OSError) as error:  # OSError: this system has no such command
            reasons.append(str(error))
    told = f"Ports {HTTP} and {HTTPS} of no loopback can be had: {'; '.join(reasons)}."
    if os.geteuid() == 0 or os.environ.get("CI"):
        pytest.fail(told)
    pytest.skip(told)


@contextmanager
def _held(way: Way) -> Iterator[Loopback]:
    ours, theirs = socket.socketpair()
    with theirs:
        holder = subprocess.Popen(
            [*way.make, sys.executable, "-m", "tests.doctor.loopback"],
            cwd=ROOT,
            stdin=theirs.fileno(),
            stderr=subprocess.PIPE,
            text=True,
        )
    with holder, ours:  # it ends with our end of the pair
        loopback = Loopback(way.within(holder.pid), ours)
        try:
            for port in (HTTP, HTTPS):
                loopback.listen(port).close()
        except NoLoopback:
            assert holder.stderr
            said = holder.stderr.read().strip().rpartition("\n")[2]
            raise NoLoopback(f"{' '.join(way.make) or 'here'}: {said}") from None
        yield loopback


def main() -> None:
    tests = socket.socket(fileno=sys.stdin.fileno())
    with socket.socket() as any_socket:
        _bring_up(any_socket)
    while port := tests.recv(len("65535")):
        with socket.create_server((HOST, int(port))) as listener:
            socket.send_fds(tests, [b"!"], [listener.fileno()])


def _bring_up(any_socket: socket.socket) -> None:
    """Have the loopback of a new namespace work; that of a machine does already."""
    told = fcntl.ioctl(any_socket, SIOCGIFFLAGS, INTERFACE.pack(b"lo", 0))
    _, flags = INTERFACE.unpack(told)
    if not flags & IFF_UP:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, INTERFACE.pack(b"lo", flags | IFF_UP))


if __name__ == "__main__":
    main()
