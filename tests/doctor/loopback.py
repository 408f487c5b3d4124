"""A loopback interface with free ports 80 and 443, for a deployment on the default ports.

The loopback is that of a new network namespace. Root can create one, and with most kernels any user
can; if a container forbids it, the container's own loopback is used. Run as a script, this is the
process that holds the namespace and opens listening sockets for the tests: a socket stays in the
namespace in which it was created, and is passed to the tests.
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
# To read and write an interface's flags (netdevice(7)).
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
INTERFACE = struct.Struct("16sh22x")


@dataclass(frozen=True, slots=True)
class Method:
    """How to create the namespace, and how to run a command in it."""

    create: Sequence[str]
    enter: Sequence[str]

    def within(self, holder: int) -> list[str]:
        return [*self.enter, f"--target={holder}"] if self.enter else []


AS_ROOT = Method(("unshare", "--net"), ("nsenter", "--net"))
AS_USER = Method(
    ("unshare", "--user", "--map-root-user", "--net"),
    ("nsenter", "--user", "--preserve-credentials", "--net"),
)
WITHOUT_NAMESPACE = Method((), ())


class NoLoopback(Exception):
    """This method does not work on this machine. The message says why."""


@dataclass(frozen=True, slots=True)
class Loopback:
    within: Sequence[str]  # the prefix of a command that has to run in the namespace
    _holder: socket.socket

    def listen(self, port: int) -> socket.socket:
        """Return a socket that listens in the namespace. Raises NoLoopback."""
        with suppress(OSError):
            self._holder.sendall(str(port).encode())
            _, descriptors, _, _ = socket.recv_fds(self._holder, 1, 1)
            if descriptors:
                return socket.socket(fileno=descriptors[0])
        raise NoLoopback(f"port {port} cannot be listened on")


@contextmanager
def own_loopback() -> Iterator[Loopback]:
    """Yield a loopback. If there is none, skip the test, or fail it if it runs as root or in CI."""
    with ExitStack() as held:
        yield _first(held)


def _first(held: ExitStack) -> Loopback:
    reasons = []
    for method in (AS_ROOT, AS_USER, WITHOUT_NAMESPACE):
        try:
            return held.enter_context(_held(method))
        except (NoLoopback, OSError) as error:  # OSError means that the command does not exist here
            reasons.append(str(error))
    message = f"No loopback with free ports {HTTP} and {HTTPS}: {'; '.join(reasons)}."
    if os.geteuid() == 0 or os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


@contextmanager
def _held(method: Method) -> Iterator[Loopback]:
    ours, theirs = socket.socketpair()
    with theirs:
        holder = subprocess.Popen(
            [*method.create, sys.executable, "-m", "tests.doctor.loopback"],
            cwd=ROOT,
            stdin=theirs.fileno(),
            stderr=subprocess.PIPE,
            text=True,
        )
    with holder, ours:  # the holder exits when our end closes
        loopback = Loopback(method.within(holder.pid), ours)
        try:
            for port in (HTTP, HTTPS):
                loopback.listen(port).close()
        except NoLoopback:
            assert holder.stderr
            error = holder.stderr.read().strip().rpartition("\n")[2]
            raise NoLoopback(f"{' '.join(method.create) or 'here'}: {error}") from None
        yield loopback


def main() -> None:
    tests = socket.socket(fileno=sys.stdin.fileno())
    with socket.socket() as any_socket:
        _enable_loopback(any_socket)
    while port := tests.recv(len("65535")):
        with socket.create_server((HOST, int(port))) as listener:
            socket.send_fds(tests, [b"!"], [listener.fileno()])


def _enable_loopback(any_socket: socket.socket) -> None:
    """Enable the loopback of a new namespace. The machine's own loopback is enabled already."""
    current = fcntl.ioctl(any_socket, SIOCGIFFLAGS, INTERFACE.pack(b"lo", 0))
    _, flags = INTERFACE.unpack(current)
    if not flags & IFF_UP:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, INTERFACE.pack(b"lo", flags | IFF_UP))


if __name__ == "__main__":
    main()
