"""What a stack is told by whoever starts it, all of it by environment: `make stack PORT=8081`."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.stack.errors import StackError

ROOT = Path(__file__).resolve().parents[2]
MOST_REPLICAS = 64
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}
LOOPBACK = ("127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Options:
    folder: Path
    bind: str
    port: int
    tls_port: int | None
    replicas: int
    drain_seconds: int
    public_url: str

    @property
    def reached_at(self) -> str:
        """Return the address at which this machine itself reaches nginx."""
        return EVERYWHERE.get(self.bind, self.bind)


def folder_from(environment: Mapping[str, str]) -> Path:
    return Path(environment.get("STACK_DIR") or ROOT / "data/stack").resolve()


def options_from(environment: Mapping[str, str] = os.environ) -> Options:
    """Raises StackError for what cannot be right."""
    port = _number(environment, "PORT", 8080, 65_535)
    tls_port = _number(environment, "TLS_PORT", 8443, 65_535)
    tls = environment.get("TLS", "") not in ("", "0")
    bind = environment.get("BIND") or "127.0.0.1"
    host = "localhost" if bind in (*EVERYWHERE, *LOOPBACK) else in_url(bind)
    url = f"https://{host}:{tls_port}" if tls else f"http://{host}:{port}"
    return Options(
        folder=folder_from(environment),
        bind=bind,
        port=port,
        tls_port=tls_port if tls else None,
        replicas=replicas_from(environment),
        drain_seconds=_number(environment, "DRAIN_SECONDS", 5, 3_600),
        public_url=environment.get("PUBLIC_URL") or url,
    )


def in_url(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def replicas_from(environment: Mapping[str, str]) -> int:
    return _number(environment, "REPLICAS", 2, MOST_REPLICAS)


def _number(environment: Mapping[str, str], name: str, default: int, most: int) -> int:
    text = environment.get(name) or str(default)
    if not (text.isascii() and text.isdecimal()) or not 1 <= int(text) <= most:
        raise StackError(f"{name} is {text!r}: give a number from 1 to {most}.")
    return int(text)
