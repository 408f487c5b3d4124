"""Shows a process's metrics at /metrics, and decides who may read them.

Both web and realtime call `render_metrics` and `may_scrape`; gunicorn's hooks call
`create_metrics_dir` and `merge_dead_workers`. Gunicorn's workers share one port, so each keeps its
numbers in files in PROMETHEUS_MULTIPROC_DIR, and the worker that is scraped adds them all up. A
counter must never go down, so the files of a dead worker are merged into the files for all dead
workers before they are removed, under a lock that readers acquire, too. An exception in a hook
would end gunicorn, and metrics are not worth that, so the hooks log errors instead.
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
from prometheus_client import CollectorRegistry, Metric, ProcessCollector, generate_latest
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

logger = logging.getLogger(__name__)

METRICS_DIR: Final = "PROMETHEUS_MULTIPROC_DIR"
# Replaces the process id in the names of the files for all dead workers.
DEAD_WORKERS: Final = "0"
LOCK_SECONDS = 1.0


def render_metrics() -> bytes:
    """Return all metrics in Prometheus's text format."""
    if METRICS_DIR not in os.environ:
        return generate_latest()
    folder = Path(os.environ[METRICS_DIR])
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    registry.register(_OpenFilesOfWorkers(folder))
    with _locked(folder, fcntl.LOCK_SH):
        return generate_latest(registry)


def may_scrape(address: str, *, forwarded: bool, authorization: str) -> bool:
    """Return whether a client may read the metrics.

    If METRICS_TOKEN is set, every client that sends it may read them. Otherwise clients on private
    networks may read them if they connect directly: a request that a proxy forwarded can come from
    anywhere.
    """
    if token := settings.METRICS_TOKEN:
        return secrets.compare_digest(authorization.encode(), f"Bearer {token}".encode())
    return not forwarded and _is_private(address)


def create_metrics_dir(folder: Path) -> None:
    """Create the folder for the next worker unless it exists. The parent process calls this.

    Without the folder, the worker could not answer any request, and a job that cleans /tmp may have
    removed it.
    """
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        logger.warning("Can't create the folder for the workers' metrics: %r", error)


def merge_dead_workers(folder: Path, living: set[int]) -> None:
    """Merge the files of workers that are not in `living` into the files for dead workers.

    The parent process calls this. It waits until no process reads the files. If a reader hangs,
    they are merged when the next worker ends.
    """
    keep = {DEAD_WORKERS, *map(str, living)}
    try:
        dead = [path for path in folder.glob("*.db") if _process_of(path) not in keep]
        with _locked(folder, fcntl.LOCK_EX):
            for path in dead:
                _merge(path)
                path.unlink()
    except OSError as error:
        logger.warning("Can't merge the metrics of dead workers: %r", error)


class _OpenFilesOfWorkers(Collector):
    """Shows how many files are open in the worker with the most: each worker has its own limit.

    Processes that are not workers show their own number in the metrics of the same names.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterator[Metric]:
        living = {_process_of(path) for path in self._folder.glob("*.db")} - {DEAD_WORKERS}
        processes = [_open_and_max_files(pid) for pid in living]
        yield from max(filter(None, processes), key=lambda each: _value(each[0]), default=())


def _open_and_max_files(pid: str) -> list[Metric]:
    """Return a process's number of open files and its limit, or nothing if it has ended."""
    collector = ProcessCollector(pid=lambda: pid, registry=None)
    families = {each.name: each for each in collector.collect()}
    names = ("process_open_fds", "process_max_fds")
    return [families[name] for name in names] if families.keys() >= set(names) else []


def _value(family: Metric) -> float:
    return family.samples[0].value


def _is_private(address: str) -> bool:
    try:
        return not address or not ip_address(address).is_global  # a Unix socket has an empty one
    except ValueError:
        return False


def _process_of(path: Path) -> str:
    return path.stem.rpartition("_")[2]


def _merge(path: Path) -> None:
    kind = path.stem.rpartition("_")[0]
    if kind.startswith("gauge"):  # a dead process has no current value
        return
    total = MmapedDict(str(path.with_name(f"{kind}_{DEAD_WORKERS}.db")))
    try:
        for key, value, _, _ in MmapedDict.read_all_values_from_file(str(path)):
            total.write_value(key, total.read_value(key)[0] + value, 0.0)
    except (RuntimeError, UnicodeDecodeError, struct.error):  # the worker was killed while it wrote
        logger.warning("Some metrics of a worker that was killed are lost.")
    finally:
        total.close()


@contextmanager
def _locked(folder: Path, operation: int) -> Iterator[None]:
    """Hold the folder's lock. Raises TimeoutError if a process keeps it for too long."""
    with (folder / "lock").open("a") as file:
        deadline = time.monotonic() + LOCK_SECONDS
        while not _try_lock(file.fileno(), operation):
            if time.monotonic() > deadline:
                raise TimeoutError("Another process keeps the metrics locked.")
            time.sleep(0.005)
        yield


def _try_lock(file: int, operation: int) -> bool:
    try:
        fcntl.flock(file, operation | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
