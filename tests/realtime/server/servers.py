"""Two servers for the scripted application: ours, and stock Daphne."""

import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from loadtests.lib.servers.process import HOST, ROOT, Server
from scripts.stack.certificate import make_certificate
from scripts.stack.ports import free_port

APPLICATION = "tests.realtime.server.scripted_application:application"


class Stock(Server):
    name = "stock-daphne"
    forkable = True

    def command(self) -> list[str]:
        daphne = ["daphne", "-v", "0", "-b", HOST, "-p", str(self.port)]
        return [sys.executable, "-m", *daphne, APPLICATION]

    def environment(self) -> Mapping[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{ROOT / 'app'}:{ROOT}",
            "DJANGO_SETTINGS_MODULE": "hubbub.settings",
            "DATA_DIR": str(self.folder),
        }

    def answers(self) -> bool:
        with socket.create_connection((HOST, self.port), timeout=1):
            return True


class Ours(Stock):
    """Our server. It listens on a TCP port, on another one with TLS, and on a Unix socket."""

    name = "our-server"

    def __init__(self) -> None:
        super().__init__()
        self.tls_port = free_port()
        self.path = self.folder / "socket"

    def command(self) -> list[str]:
        certificate, key = make_certificate(Path(self.folder))
        endpoints = (
            f"tcp:{self.port}:interface={HOST}",
            f"ssl:{self.tls_port}:interface={HOST}:privateKey={key}:certKey={certificate}",
            f"unix:{self.path}",
        )
        options = [option for each in endpoints for option in ("-e", each)]
        return [sys.executable, "-m", "hubbub.realtime.server", *options, APPLICATION]
