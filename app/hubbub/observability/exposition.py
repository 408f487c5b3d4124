"""How a process shows its metrics at /metrics, and to whom.

Both doors call `exposition` and `may_scrape`; gunicorn's hooks `ensure` and `bury`. Where several
processes share a port (gunicorn's workers), each keeps its numbers in files of
PROMETHEUS_MULTIPROC_DIR, and whichever is asked adds up all of them. What counts up must never go
down: so the files of a worker that is gone are added to those of the dead before they are removed,
while nobody reads. What a hook raises ends gunicorn, and numbers are not worth that: they log.
"""

import fcntl
import logging
import os
import secrets
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from django.conf import settings
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector

logger = logging.getLogger(__name__)

FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
# Stands for all workers that are gone, where prometheus_client has a process's id.
THE_DEAD: Final = "0"
LOCK_SECONDS = 1.0


def exposition() -> bytes:
    """Return all metrics in Prometheus's text format."""
    if FOLDER not in os.environ:
        return generate_latest()
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    with _locked(Path(os.environ[FOLDER]), fcntl.LOCK_SH):
        return generate_latest(registry)


def may_scrape(address: str, *, forwarded: bool, authorization: str) -> bool:
    """Tell whether metrics are shown to who asks.

    With METRICS_TOKEN, to whoever gives it. Without, to addresses of private networks that ask the
    process itself: what a proxy passes on comes from anywhere.
    """
    if token := settings.METRICS_TOKEN:
        return secrets.compare_digest(authorization.encode(), f"Bearer {token}".encode())
    return not forwarded and _is_private(address)


def ensure(folder: Path) -> None:
    """Have the folder there for the next worker; called by its parent.

    Without it the worker could answer nothing, and what cleans /tmp may have removed it.
    """
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        logger.warning("There is no folder for the numbers of workers: %r", error)


def bury(folder: Path, living: set[int]) -> None:
    """Add the files of all who are not living to those of the dead; called by their parent.

    Nobody reads meanwhile; should a reader hang, it is put off until somebody else dies.
    """
    keep = {THE_DEAD, *map(str, living)}
    try:
        gone = [path for path in folder.glob("*.db") if _process_of(path) not in keep]
        with _locked(folder, fcntl.LOCK_EX):
            for path in gone:
                _add_to_the_dead(path)
                path.unlink()
    except OSError as error:
        logger.warning("The numbers of workers that are gone were not added up: %r", error)


def _is_private(address: str) -> bool:
    try:
        return not address or not ip_address(address).is_global  # empty: a Unix socket
    except ValueError:
        return False


def _process_of(path: Path) -> str:
    return path.stem.rpartition("_")[2]


def _add_to_the_dead(path: Path) -> None:
    kind = path.stem.rpartition("_")[0]
    if kind.startswith("gauge"):  # what it had, it has no more
        return
    dead = MmapedDict(str(path.with_name(f"{kind}_{THE_DEAD}.db")))
    try:
        for key, value, _, _ in MmapedDict.read_all_values_from_file(str(path)):
            dead.write_value(key, dead.read_value(key)[0] + value, 0.0)
    except (RuntimeError, UnicodeDecodeError, struct.error):  # killed while it wrote
        logger.warning("A part of the numbers of a worker that was killed is lost.")
    finally:
        dead.close()


@contextmanager
def _locked(folder: Path, operation: int) -> Iterator[None]:
    """Hold the folder's lock. Raises TimeoutError."""
    with (folder / "lock").open("a") as file:
        deadline = time.monotonic() + LOCK_SECONDS
        while not _lock(file.fileno(), operation):
            if time.monotonic() > deadline:
                raise TimeoutError("The numbers are being read for too long.")
            time.sleep(0.005)
        yield


def _lock(file: int, operation: int) -> bool:
    try:
        fcntl.flock(file, operation | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
