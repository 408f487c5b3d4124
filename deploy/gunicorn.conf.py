"""gunicorn's configuration for pages and REST: `gunicorn -c deploy/gunicorn.conf.py` everywhere.

Settings that differ between deployments are environment variables, which hubbub/settings.py reads.
The application is loaded once, before the workers are forked, so no module may start a thread or
open a connection at import (the publisher starts at its first use, in the worker).
"""

import atexit
import os
import shutil
import socket
import sys
from pathlib import Path
from tempfile import mkdtemp

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "app"))


def _metrics_directory() -> Path:
    """Return the directory for the metrics of this gunicorn's workers.

    Call this before the first import of prometheus_client, which reads PROMETHEUS_MULTIPROC_DIR
    only once.
    """
    prefix = f"hubbub-metrics-{os.getpid()}-"
    existing = Path(os.environ.get("PROMETHEUS_MULTIPROC_DIR", ""))
    if existing.name.startswith(prefix):  # SIGHUP has reloaded this file
        return existing
    directory = Path(mkdtemp(prefix=prefix))
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(directory)
    atexit.register(_remove, directory, os.getpid())
    return directory


def _remove(directory: Path, owner: int) -> None:
    if os.getpid() == owner:  # forked workers also run this when they exit
        shutil.rmtree(directory, ignore_errors=True)


_directory = _metrics_directory()

from hubbub import settings  # noqa: E402
from hubbub.observability.exposition import create_metrics_dir, merge_dead_workers  # noqa: E402
from hubbub.open_files import raise_limit  # noqa: E402

raise_limit()  # workers inherit the limit; each keeps up to 1,000 connections (worker_connections)

wsgi_app = "hubbub.wsgi:application"
proc_name = "hubbub-web"
preload_app = True
control_socket_disable = True

_host = f"[{settings.BIND}]" if ":" in settings.BIND else settings.BIND
bind = f"{_host}:{settings.PORT}"

worker_class = "gthread"
workers = settings.WEB_WORKERS
threads = settings.WEB_THREADS
# Restart workers after this many requests to limit leaks. The jitter keeps workers from restarting
# together.
max_requests = 20_000
max_requests_jitter = 5_000
# Workers touch a file as their heartbeat; a slow disk would make them look dead.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
timeout = 60
graceful_timeout = 30
# This is longer than the 60 s for which proxies commonly keep connections open: if gunicorn closed
# a connection first, a request sent at that moment would fail. (deploy/nginx keeps none open.)
keepalive = 75

# gunicorn ignores the forwarded headers. Django evaluates X-Forwarded-Proto (by PUBLIC_URL) and
# X-Forwarded-For (by TRUSTED_PROXIES).
forwarded_allow_ips = ""

# nginx logs each request. Errors go to the log, in the same format as those of other processes.
accesslog = None
logconfig_dict = settings.LOGGING


def pre_fork(server, worker):  # type: ignore[no-untyped-def]
    create_metrics_dir(_directory)


def post_fork(server, worker):  # type: ignore[no-untyped-def]
    # The name of this worker's connections in Postgres. All workers share it: `doctor` counts the
    # gunicorn instances by this name, and multiplies them by the numbers of workers and threads.
    os.environ["PGAPPNAME"] = f"hubbub-web {socket.gethostname()}:{server.pid}"


def child_exit(server, worker):  # type: ignore[no-untyped-def]
    merge_dead_workers(_directory, {os.getpid(), *server.WORKERS})
