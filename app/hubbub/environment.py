"""Reading the environment for `settings.py`: what cannot be right ends the process with a sentence.

django-environ, with what its readers of secrets and numbers leave open: the end of a file's last
line is no part of a secret, a value that begins with `$` names no other variable, an empty one is
as good as none, and a wrong one is said in words, not in a traceback.
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

YES, NO = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}
# In seconds but for the last one, in ms, as Postgres' connections have it; elsewhere than on Linux
# a system has some of these.
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

    def count(self, var: str, default: int, least: int = 1) -> int:
        count = int(self.int(var, default=default))
        if count < least:
            refuse(f"{var} is '{count}': give at least {least}.")
        return count

    def rate(self, var: str, default: float) -> float:
        """Return how many a second: some, not none."""
        rate = float(self.float(var, default=default))
        if not 0 < rate < math.inf:
            refuse(f"{var} is '{rate:g}': give a number above 0.")
        return rate

    def port(self, var: str, default: int) -> int:
        port = int(self.int(var, default=default))
        if not 1 <= port <= 65_535:
            refuse(f"{var} is '{port}': give a number from 1 to 65535.")
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
            return _truth(text) if cast is bool else (cast or str)(text)
        except ValueError:
            refuse(f"{var} is {text!r}: give {EXPECTED[cast]}.")  # type: ignore[index]

    def _text(self, name: str) -> str:
        try:
            return str(self.ENVIRON.get(name, "")).strip()
        except (OSError, UnicodeDecodeError) as error:
            refuse(f"{name}_FILE names a file that cannot be read: {error}.")


def refuse(sentence: str) -> NoReturn:
    sys.exit(sentence)


def make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        refuse(f"The folder for Hubbub's data cannot be made ({error}): set DATA_DIR to another.")


def public_url(text: str) -> SplitResult:
    """Return the parts of PUBLIC_URL: nothing but scheme, host and port, or all empty."""
    try:
        parts = urlsplit(text.rstrip("/"))
        right = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        right = False
    if text and (not right or parts.path or parts.query or parts.fragment or parts.username):
        refuse(
            f"PUBLIC_URL is {text!r}: give the address that people open, without a path, "
            "such as https://chat.example.org"
        )
    return parts


def database(url: str) -> dict[str, Any]:
    """Return Django's settings of the database at `url`. Its password is never repeated."""
    try:
        parts = urlsplit(url)
        settings: dict[str, Any] = dict(dj_database_url.parse(url))
        right = parts.scheme in ("postgres", "postgresql", "sqlite") and settings["NAME"]
    except (ValueError, KeyError):
        right = False
    if not right:
        refuse(
            "DATABASE_URL names no database that Hubbub can use: give "
            "postgres://user:password@host:5432/name (or sqlite:////path/to/file)."
        )
    return settings


def redis_hosts(urls: str, *, verify: bool = True) -> list[str]:
    """Return the addresses in REDIS_URL: several, separated by commas, share the rooms.

    What is not to be verified is said in the address itself, as redis-py reads it: so it holds for
    everything that connects there.
    """
    hosts = [host.strip() for host in urls.split(",") if host.strip()]
    if any(urlsplit(host).scheme not in ("redis", "rediss", "unix") for host in hosts):
        refuse("REDIS_URL names no Redis: give redis://host:6379/0 (or rediss:// for TLS).")
    return hosts if verify else [_unverified(host) for host in hosts]


def layer_hosts(hosts: Sequence[str]) -> list[dict[str, Any]]:
    """Return what the channel layer is told of each Redis: how to connect, and when to give up.

    A host that vanished is noticed in seconds. The library's keepalive notices it only where
    nothing is sent that way; what is, the kernel would repeat for a quarter of an hour.
    """
    # Protocol 3, the library's default, writes each message heard into a debug log.
    common = {"socket_connect_timeout": 2, "protocol": 2}
    given_up = {"socket_keepalive": True, "socket_keepalive_options": SOCKET_OPTIONS}
    return [
        {"address": host, **common, **({} if host.startswith("unix:") else given_up)}
        for host in hosts
    ]


def email(url: str) -> dict[str, Any]:
    """Return Django's settings of the mail server at `url`."""
    try:
        settings: dict[str, Any] = Environment.email_url_config(url)
    except (ValueError, environ.ImproperlyConfigured):
        refuse(
            "EMAIL_URL names no mail server: give smtp+tls://user:password@host:587 "
            "(smtp:// without encryption, smtp+ssl:// with TLS from the start)."
        )
    return settings


def _unverified(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme != "rediss":
        return url
    told = [one for one in parts.query.split("&") if one and not one.startswith("ssl_cert_reqs=")]
    return urlunsplit(parts._replace(query="&".join([*told, "ssl_cert_reqs=none"])))


def _truth(text: str) -> bool:
    if text.lower() not in YES | NO:
        raise ValueError
    return text.lower() in YES
