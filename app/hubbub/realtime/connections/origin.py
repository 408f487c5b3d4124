"""Which handshakes may use a person's cookies: only those of our own pages. Pure but for settings.

Scheme, host and port must be the service's own. Channels' validator compares host names only and
lets everything pass that has no Origin, so it does not serve here.
"""

from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import split_domain_port, validate_host

DEFAULT_PORTS = {"http": 80, "https": 443}


def is_own(origin: str, host: str) -> bool:
    """Tell whether `origin` is the service's own: PUBLIC_URL, else the handshake's own host."""
    own = settings.PUBLIC_URL or f"http://{host}"
    if not settings.PUBLIC_URL and not _is_allowed(host):
        return False
    return _parts(origin) is not None and _parts(origin) == _parts(own)


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
