"""A private network of hosts on this machine: a switch, with a virtual cable to each host.

A host is an idle process that holds a network namespace and a mount namespace. When all processes
in these namespaces have ended, the kernel removes everything: interfaces, rules and mounts. The
hosts end with the process that started them, even if that process is killed, so there is nothing to
clean up.

The network has no route to the outside, so its servers need no passwords.
"""

import ctypes
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from loadtests.lib.servers.host import Host
from loadtests.lib.servers.startable import Startable
from scripts.stack.child_process import launcher_command
from scripts.stack.programs import find_program, is_root

NETWORK = "10.77.0"
INTERFACE = "eth0"
NEEDED = {"ip": "iproute2", "tc": "iproute2", "ss": "iproute2", "nft": "nftables"}
START_SECONDS = 10.0
CLONE_NEWNET = 0x40000000


class NetworkError(Exception):
    """This machine allows no network, or a command in the network failed. The text says why."""


@dataclass(frozen=True, slots=True)
class NetworkHost(Host):
    name: str = ""
    holder: int = 0  # the process that holds the host's namespaces

    def run(self, *command: str, input: str = "") -> str:
        """Run a command on this host; return what it printed. Raises NetworkError if it fails."""
        program = find_program(command[0]) or command[0]
        done = subprocess.run(
            [*self.within, program, *command[1:]], input=input, capture_output=True, text=True
        )
        if done.returncode:
            raise NetworkError(
                f"`{' '.join(command)}` failed on {self.name}: {done.stderr.strip()}"
            )
        return done.stdout

    def path(self, inside: Path) -> Path:
        """Return a path that leads from outside this host to one of its files.

        The path also finds files in the host's own mounts.
        """
        return Path(f"/proc/{self.holder}/root{inside}")

    def mount_memory(self, folder: Path, mib: int, owner: str) -> None:
        """Mount a small disk in memory, which disappears with the host."""
        self.run("mount", "-t", "tmpfs", "-o", f"size={mib}m,mode=0700", "tmpfs", str(folder))
        self.run("chown", f"{owner}:{owner}", str(folder))

    @property
    def port(self) -> str:
        """The name of the switch's end of this host's cable."""
        return f"to-{self.holder}"


class Network(Startable):
    def __init__(self) -> None:
        self._stack = ExitStack()
        self._host_count = 0

    def start(self) -> None:
        """Create the switch. Raises NetworkError if this machine allows no network."""
        if reason := unavailable_reason():
            raise NetworkError(reason)
        self.switch = self._hold("switch")
        self.switch.run("ip", "link", "add", "switch", "type", "bridge")
        self.switch.run("ip", "link", "set", "switch", "up")

    def close(self) -> None:
        """End the holders. A process that still runs on a host keeps the host until it ends."""
        self._stack.close()

    def host(self, name: str, more_addresses: Sequence[str] = ()) -> NetworkHost:
        """Return a new host with a cable to the switch."""
        host = self._hold(name)
        cable = f"link add {host.port} type veth peer name {INTERFACE} netns {host.holder}"
        plugged = f"{cable}\nlink set {host.port} master switch up\n"
        self.switch.run("ip", "-batch", "-", input=plugged)
        named = "".join(
            f"addr add {one}/24 dev {INTERFACE}\n" for one in (host.address, *more_addresses)
        )
        up = f"link set lo up\n{named}link set {INTERFACE} up\n"
        host.run("ip", "-batch", "-", input=up)
        return host

    def _hold(self, name: str) -> NetworkHost:
        hold = ("unshare", "--net", "--mount", "sleep", "infinity")
        process = subprocess.Popen(
            launcher_command(hold), stdin=subprocess.DEVNULL, start_new_session=True
        )
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)
        deadline = time.monotonic() + START_SECONDS
        while _program_of(process.pid) != "sleep":
            if process.poll() is not None or time.monotonic() > deadline:
                raise NetworkError("This machine does not allow network namespaces.")
            time.sleep(0.005)
        self._host_count += 1
        within = ("nsenter", f"--target={process.pid}", "--net", "--mount")
        return NetworkHost(f"{NETWORK}.{self._host_count}", within, name, process.pid)


def unavailable_reason() -> str:
    """Return a sentence that says why this machine allows no network; empty if it allows one."""
    if sys.platform != "linux":
        return "Hosts of their own need Linux."
    if not is_root():
        return "Hosts of their own need root."
    if missing := {package for program, package in NEEDED.items() if not find_program(program)}:
        return f"Hosts of their own need {', '.join(sorted(missing))}: apt-get install them."
    return ""


@contextmanager
def inside_host(host: NetworkHost) -> Iterator[None]:
    """Move this thread to a host while the `with` block runs.

    The threads and processes that it starts in the block are on that host, too.
    """
    original = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        _enter(f"/proc/{host.holder}/ns/net")
        yield
    finally:
        _enter(f"/proc/self/fd/{original}")
        os.close(original)


def _enter(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        if ctypes.CDLL(None, use_errno=True).setns(descriptor, CLONE_NEWNET):
            raise NetworkError(
                f"This thread cannot change its network: {os.strerror(ctypes.get_errno())}."
            )
    finally:
        os.close(descriptor)


def _program_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""
