"""What a dyno is told by its environment, besides the variables that Hubbub itself reads."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.stack.errors import StackError

ROOT = Path(__file__).resolve().parents[2]
YES, NO = {"1", "true", "yes", "on"}, {"", "0", "false", "no", "off"}


@dataclass(frozen=True, slots=True)
class DynoOptions:
    port: int
    bind: str  # the router comes from elsewhere
    alone: bool  # a replica serves everything
    drain_seconds: int
    nginx_workers: int  # by the name that the buildpack gives it
    static: Path
    public_url: str


def options_from(environment: Mapping[str, str]) -> DynoOptions:
    """Raise StackError with a sentence for what cannot be right."""
    alone = environment.get("DYNO_ALONE", "").strip().lower()
    if alone not in YES | NO:
        raise StackError(f"DYNO_ALONE is {alone!r}: give 1 or 0.")
    return DynoOptions(
        port=_number(environment, "PORT", 8000, most=65_535),
        bind=environment.get("BIND") or "0.0.0.0",
        alone=alone in YES,
        drain_seconds=_number(environment, "DRAIN_SECONDS", 20, least=0),
        nginx_workers=_number(environment, "NGINX_WORKERS", 1),
        static=Path(environment.get("STATIC_ROOT") or ROOT / "staticfiles"),
        public_url=environment.get("PUBLIC_URL", "").rstrip("/"),
    )


def _number(
    environment: Mapping[str, str], name: str, default: int, *, least: int = 1, most: int = 10**6
) -> int:
    text = environment.get(name, "").strip() or str(default)
    if not text.isascii() or not text.isdecimal() or not least <= int(text) <= most:
        raise StackError(f"{name} is {text!r}: give a number from {least} to {most}.")
    return int(text)
