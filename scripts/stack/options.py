"""The stack's options, all from environment variables: `make stack PORT=8081`."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.stack.errors import StackError

ROOT = Path(__file__).resolve().parents[2]
MAX_REPLICAS = 64
LOOPBACK_OF_WILDCARD = {"0.0.0.0": "127.0.0.1", "::": "::1"}
LOOPBACK = ("127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Options:
    state_path: Path
    bind: str
    port: int
    tls_port: int | None
    replicas: int
    drain_seconds: int
    public_url: str

    @property
    def local_address(self) -> str:
        """The address at which this machine reaches nginx."""
        return LOOPBACK_OF_WILDCARD.get(self.bind, self.bind)


def state_path_from(environment: Mapping[str, str]) -> Path:
    return Path(environment.get("STACK_DIR") or ROOT / "data/stack").resolve()


def options_from(environment: Mapping[str, str] = os.environ) -> Options:
    """Read the options. Raises StackError for an invalid value."""
    port = int_from(environment, "PORT", 8080, most=65_535)
    tls_port = int_from(environment, "TLS_PORT", 8443, most=65_535)
    tls = environment.get("TLS", "") not in ("", "0")
    bind = environment.get("BIND") or "127.0.0.1"
    host = "localhost" if bind in (*LOOPBACK_OF_WILDCARD, *LOOPBACK) else url_host(bind)
    url = f"https://{host}:{tls_port}" if tls else f"http://{host}:{port}"
    return Options(
        state_path=state_path_from(environment),
        bind=bind,
        port=port,
        tls_port=tls_port if tls else None,
        replicas=replicas_from(environment),
        drain_seconds=int_from(environment, "DRAIN_SECONDS", 5, most=3_600),
        public_url=environment.get("PUBLIC_URL") or url,
    )


def replicas_from(environment: Mapping[str, str]) -> int:
    return int_from(environment, "REPLICAS", 2, most=MAX_REPLICAS)


def int_from(
    environment: Mapping[str, str], name: str, default: int, *, least: int = 1, most: int
) -> int:
    """Read a number from a variable. Raises StackError if it is not a number in this range."""
    text = environment.get(name, "").strip() or str(default)
    if not (text.isascii() and text.isdecimal()) or not least <= int(text) <= most:
        raise StackError(f"{name} must be a number from {least} to {most}, not {text!r}.")
    return int(text)


def url_host(address: str) -> str:
    """Return the address as it is written in a URL: an IPv6 address needs brackets."""
    return f"[{address}]" if ":" in address else address
