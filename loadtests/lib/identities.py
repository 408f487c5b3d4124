"""Reads the identities of a deployment's users from the files that `manage.py seed` writes."""

from pathlib import Path


class TargetError(Exception):
    """A load cannot run against its target. The text says why, and what to do."""


def read_identities(path: Path) -> list[str]:
    """Return the identities in a file, which has one on each line. Raises TargetError."""
    try:
        return [line for line in path.read_text().splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise TargetError(f"{path} cannot be read: {error}.") from None
