"""Reads environment variables for `settings.py`. An invalid value ends the process with a message.

This is based on django-environ, with these changes: whitespace around a secret in a file is
ignored, a value that starts with `$` does not refer to another variable, an empty value counts as
unset, and an invalid value gives a clear message instead of a traceback.
"""

import math
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import SplitResult, urlsplit, urlunsplit

import dj_database_url
import environ

from hubbub.private_files import create_directory

YES, NO = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}
# In seconds, except TCP_USER_TIMEOUT (ms). Connections to Postgres have the same values. Systems
# other than Linux have only some of these options.
TCP_OPTIONS = {
    "TCP_KEEPIDLE": 10,
    "TCP_KEEPINTVL": 3,
    "TCP_KEEPCNT": 3,
    "TCP_USER_TIMEOUT": 10_000,
}
SOCKET_OPTIONS = {
    getattr(socket, name): value for name, value in TCP_OPTIONS.items() if hasattr(socket, name)
}
EXPECTED = {int: "a whole number", float: "a number", bool: "1 or 0"}


class Environment(environ.FileAwareEnv):
    """`env.str`, `env.bool`, `env.count`, `env.rate` and `env.port`, each with a default."""

    def count(self, var: str, default: int, minimum: int = 1) -> int:
        count = int(self.int(var, default=default))
        if count < minimum:
            refuse(f"{var} is '{count}'. It must be at least {minimum}.")
        return count

    def rate(self, var: str, default: float) -> float:
        """Return a number per second, greater than 0."""
        rate = float(self.float(var, default=default))
        if not 0 < rate < math.inf:
            refuse(f"{var} is '{rate:g}'. It must be greater than 0.")
        return rate

    def port(self, var: str, default: int) -> int:
        port = int(self.int(var, default=default))
        if not 1 <= port <= 65_535:
            refuse(f"{var} is '{port}'. It must be from 1 to 65535.")
        return port

    def get_value(
        self,
        var: str,
        cast: Callable[[str], Any] | None = None,
        default: Any = None,
        parse_default: bool = False,
    ) -> Any:
        text = self._text(var)
        if not text:
            return default
        try:
            return _boolean(text) if cast is bool else (cast or str)(text)
        except ValueError:
            refuse(f"{var} is {text!r}. It must be {EXPECTED[cast]}.")  # type: ignore[index]

    def _text(self, name: str) -> str:
        try:
            return str(self.ENVIRON.get(name, "")).strip()
        except (OSError, UnicodeDecodeError) as error:
            refuse(f"Can't read the file that {name}_FILE names: {error}.")


def refuse(message: str) -> NoReturn:
    sys.exit(message)


def make_directory(path: Path) -> None:
    try:
        create_directory(path)
    except OSError as error:
        refuse(f"Can't create Hubbub's data directory ({error}). Set DATA_DIR to another path.")


def public_url(text: str) -> SplitResult:
    """Return the parts of PUBLIC_URL: only scheme, host and port. If it is empty, so are they."""
    try:
        parts = urlsplit(text.rstrip("/"))
        is_valid = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        is_valid = False
    if text and (not is_valid or parts.path or parts.query or parts.fragment or parts.username):
        refuse(
            f"PUBLIC_URL is {text!r}. It must be the address that people open, without a path, "
            "such as https://chat.example.org"
        )
    return parts


def database(url: str) -> dict[str, Any]:
    """Return Django's settings for a database URL. Error messages do not contain the URL."""
    try:
        parts = urlsplit(url)
        settings: dict[str, Any] = dict(dj_database_url.parse(url))
        is_valid = parts.scheme in ("postgres", "postgresql", "sqlite") and settings["NAME"]
    except (ValueError, KeyError):
        is_valid = False
    if not is_valid:
        refuse(
            "DATABASE_URL isn't valid. It must look like "
            "postgres://user:password@host:5432/name (or sqlite:////path/to/file)."
        )
    return settings


def redis_hosts(urls: str, *, verify: bool = True) -> list[str]:
    """Return the addresses in REDIS_URL, which commas separate.

    If there are several, the rooms are divided among them.

    Without `verify`, an option in each address turns verification off for everything that connects
    there. The option has redis-py's syntax.
    """
    hosts = [host.strip() for host in urls.split(",") if host.strip()]
    if any(urlsplit(host).scheme not in ("redis", "rediss", "unix") for host in hosts):
        refuse(
            "REDIS_URL isn't valid. It must look like redis://host:6379/0 (or rediss:// for TLS)."
        )
    return hosts if verify else [_unverified(host) for host in hosts]


def layer_hosts(hosts: Sequence[str]) -> list[dict[str, Any]]:
    """Return the channel layer's options for each Redis host, including timeouts.

    With these timeouts, a vanished host is detected in seconds. The library's keepalive alone would
    detect it only on an idle connection; on others, unacknowledged data would be retransmitted for
    a quarter of an hour.
    """
    # With protocol 3, its default, redis-py writes each received message to a debug log.
    common = {"socket_connect_timeout": 2, "protocol": 2}
    keepalive = {"socket_keepalive": True, "socket_keepalive_options": SOCKET_OPTIONS}
    return [
        {"address": host, **common, **({} if host.startswith("unix:") else keepalive)}
        for host in hosts
    ]


def email(url: str) -> dict[str, Any]:
    """Return Django's settings for the URL of a mail server."""
    try:
        settings: dict[str, Any] = Environment.email_url_config(url)
    except (ValueError, environ.ImproperlyConfigured):
        refuse(
            "EMAIL_URL isn't valid. It must look like smtp+tls://user:password@host:587 "
            "(smtp:// without encryption, smtp+ssl:// with TLS from the start)."
        )
    return settings


def _unverified(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme != "rediss":
        return url
    options = parts.query.split("&")
    kept = [each for each in options if each and not each.startswith("ssl_cert_reqs=")]
    return urlunsplit(parts._replace(query="&".join([*kept, "ssl_cert_reqs=none"])))


def _boolean(text: str) -> bool:
    if text.lower() not in YES | NO:
        raise ValueError
    return text.lower() in YES
