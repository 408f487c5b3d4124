"""Checks the `Origin` of a handshake: only our own pages may use a user's cookies.

Scheme, host and port must all match. Channels' validator compares host names only and accepts
requests without an `Origin`, so it is not enough here. Pure, except that it reads settings.
"""

from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import split_domain_port, validate_host

DEFAULT_PORTS = {"http": 80, "https": 443}


def is_same_origin(origin: str, host: str) -> bool:
    """Return whether `origin` is PUBLIC_URL or, if that is not set, the request's own host."""
    expected = settings.PUBLIC_URL or f"http://{host}"
    if not settings.PUBLIC_URL and not _is_allowed(host):
        return False
    return _parts(origin) is not None and _parts(origin) == _parts(expected)


def _is_allowed(host: str) -> bool:
    domain, _ = split_domain_port(host)
    return bool(domain) and validate_host(domain, settings.ALLOWED_HOSTS)


def _parts(url: str) -> tuple[str, str, int] | None:
    try:
        parts = urlsplit(url)
        port = parts.port or DEFAULT_PORTS[parts.scheme]
    except (ValueError, KeyError):
        return None
    if not parts.hostname or parts.path or parts.query or parts.fragment or parts.username:
        return None
    return parts.scheme, parts.hostname, port
