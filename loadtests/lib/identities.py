"""The users of a running deployment: files of identities, as `manage.py seed` writes them."""

from pathlib import Path


class TargetError(Exception):
    """A load cannot run against its target. The text says why, and what to do."""


def read_identities(path: Path) -> list[str]:
    """Return the identities in a file, one a line. Raises TargetError."""
    try:
        return [line for line in path.read_text().splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise TargetError(f"{path} cannot be read: {error}.") from None
