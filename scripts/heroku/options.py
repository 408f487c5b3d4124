"""The dyno's own options, from environment variables that Hubbub does not read."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.stack.errors import StackError
from scripts.stack.options import ROOT, int_from

YES, NO = {"1", "true", "yes", "on"}, {"", "0", "false", "no", "off"}


@dataclass(frozen=True, slots=True)
class DynoOptions:
    port: int
    bind: str  # all interfaces by default, since the router is another machine
    alone: bool  # whether one replica serves everything
    drain_seconds: int
    nginx_workers: int  # NGINX_WORKERS, as the nginx buildpack names it
    static: Path
    public_url: str


def options_from(environment: Mapping[str, str]) -> DynoOptions:
    """Read the options. Raises StackError for an invalid value."""
    alone = environment.get("DYNO_ALONE", "").strip().lower()
    if alone not in YES | NO:
        raise StackError(f"DYNO_ALONE must be 1 or 0, not {alone!r}.")
    return DynoOptions(
        port=int_from(environment, "PORT", 8000, most=65_535),
        bind=environment.get("BIND") or "0.0.0.0",
        alone=alone in YES,
        drain_seconds=int_from(environment, "DRAIN_SECONDS", 20, least=0, most=10**6),
        nginx_workers=int_from(environment, "NGINX_WORKERS", 1, most=10**6),
        static=Path(environment.get("STATIC_ROOT") or ROOT / "staticfiles"),
        public_url=environment.get("PUBLIC_URL", "").rstrip("/"),
    )
