"""Delays the frames on a host's cable: forwards them after a delay, in order, in both directions.

Runs as a script on the switch: `delay_relay.py PORT TAP MILLISECONDS`. PORT is the switch's end of
the host's cable and leaves the bridge; the new tap device TAP takes its place there. The script
prints `ready` once it is relaying. Frames keep the work that the kernel still has to do (checksums,
segmentation), because both ends use virtio's header (Linux: include/uapi/linux/virtio_net.h,
if_tun.h, if_packet.h).
"""

import fcntl
import os
import select
import socket
import struct
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

BRIDGE = "switch"
TUNSETIFF, TUNSETOFFLOAD = 0x400454CA, 0x400454D0
IFF_TAP, IFF_NO_PI, IFF_VNET_HDR = 0x0002, 0x1000, 0x4000
TUN_F_CSUM, TUN_F_TSO4, TUN_F_TSO6, TUN_F_TSO_ECN = 0x01, 0x02, 0x04, 0x08
ETH_P_ALL = 0x0003
SOL_PACKET, PACKET_VNET_HDR, PACKET_IGNORE_OUTGOING = 263, 15, 23
MAX_FRAME_BYTES = 1 << 17  # the longest frame that is not yet segmented, with its headers


@dataclass(slots=True)
class Direction:
    """The frames that wait to be forwarded in one direction, the oldest first."""

    read: Callable[[], bytes]
    write: Callable[[bytes], int]
    waiting: deque[tuple[float, bytes]] = field(default_factory=deque)

    def pass_on(self, now: float) -> None:
        while self.waiting and self.waiting[0][0] <= now:
            try:
                self.write(self.waiting.popleft()[1])
            except OSError:  # the frame is lost, as on a real cable, and its sender retransmits it
                continue


def main() -> None:
    port, tap_name, milliseconds = sys.argv[1:]
    tap = open_tap(tap_name)
    cable = open_port(port)
    for change in (f"set {port} nomaster", f"set {tap_name} master {BRIDGE}", f"set {tap_name} up"):
        subprocess.run(["ip", "link", *change.split()], check=True)
    print("ready", flush=True)
    relay(tap, cable, float(milliseconds) / 1_000)


def open_tap(name: str) -> int:
    tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    kind = struct.pack("16sH", name.encode(), IFF_TAP | IFF_NO_PI | IFF_VNET_HDR)
    fcntl.ioctl(tap, TUNSETIFF, kind)
    fcntl.ioctl(tap, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN)
    return tap


def open_port(name: str) -> socket.socket:
    cable = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    cable.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
    cable.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    cable.bind((name, ETH_P_ALL))
    cable.setblocking(False)
    return cable


def relay(tap: int, cable: socket.socket, seconds: float) -> None:
    directions = {
        tap: Direction(lambda: os.read(tap, MAX_FRAME_BYTES), cable.send),
        cable.fileno(): Direction(
            lambda: cable.recv(MAX_FRAME_BYTES), lambda frame: os.write(tap, frame)
        ),
    }
    while True:
        due = [one.waiting[0][0] for one in directions.values() if one.waiting]
        wait = max(0.0, min(due) - time.monotonic()) if due else None
        ready, _, _ = select.select(list(directions), [], [], wait)
        now = time.monotonic()
        for end in ready:
            directions[end].waiting.append((now + seconds, directions[end].read()))
        for one in directions.values():
            one.pass_on(now)


if __name__ == "__main__":
    main()
