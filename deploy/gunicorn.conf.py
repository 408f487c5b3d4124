"""How gunicorn serves pages and REST: `gunicorn -c deploy/gunicorn.conf.py`, wherever it runs.

What differs between places is an environment variable, read in hubbub/settings.py. The application
is loaded once, before the workers are forked: nothing in it may start a thread or open a connection
when it is imported (the publisher begins at its first use, in the worker).
"""

import atexit
import os
import shutil
import socket
import sys
from pathlib import Path
from tempfile import mkdtemp

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "app"))


def _metrics_folder() -> Path:
    """Return the folder in which the workers of this start keep their numbers.

    Before anything imports prometheus_client, which looks for it once.
    """
    mine = f"hubbub-metrics-{os.getpid()}-"
    known = Path(os.environ.get("PROMETHEUS_MULTIPROC_DIR", ""))
    if known.name.startswith(mine):  # read again, on SIGHUP
        return known
    folder = Path(mkdtemp(prefix=mine))
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    atexit.register(_remove, folder, os.getpid())
    return folder


def _remove(folder: Path, owner: int) -> None:
    if os.getpid() == owner:  # forked workers end, too
        shutil.rmtree(folder, ignore_errors=True)


_folder = _metrics_folder()

from hubbub import settings  # noqa: E402
from hubbub.observability.exposition import bury, ensure  # noqa: E402

wsgi_app = "hubbub.wsgi:application"
proc_name = "hubbub-web"
preload_app = True
control_socket_disable = True

_host = f"[{settings.BIND}]" if ":" in settings.BIND else settings.BIND
bind = f"{_host}:{settings.PORT}"

worker_class = "gthread"
workers = settings.WEB_WORKERS
threads = settings.WEB_THREADS
# Whatever leaks is bounded; not all workers at once.
max_requests = 20_000
max_requests_jitter = 5_000
# A worker shows that it lives by touching a file: never on a disk that may be slow.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
timeout = 60
graceful_timeout = 30
# Longer than the 60 s for which proxies commonly keep a connection: whoever closes first while the
# other sends makes an error that nobody can explain. (deploy/nginx keeps none.)
keepalive = 75

# PUBLIC_URL decides whether X-Forwarded-Proto counts, TRUSTED_PROXIES whose X-Forwarded-For does:
# Django looks at both, gunicorn at neither.
forwarded_allow_ips = ""

# nginx logs each request; what goes wrong is logged as by everything else.
accesslog = None
logconfig_dict = settings.LOGGING


def pre_fork(server, worker):  # type: ignore[no-untyped-def]
    ensure(_folder)


def post_fork(server, worker):  # type: ignore[no-untyped-def]
    # Postgres shows connections by this name. All workers have the same: `doctor` counts gunicorns
    # by it, and what each may open it knows from the settings.
    os.environ["PGAPPNAME"] = f"hubbub-web {socket.gethostname()}:{server.pid}"


def child_exit(server, worker):  # type: ignore[no-untyped-def]
    bury(_folder, {os.getpid(), *server.WORKERS})
