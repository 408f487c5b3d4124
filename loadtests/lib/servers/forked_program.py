"""The fork server's process: imports most of what replicas need, and forks a child per program.

The process itself reads no setting, installs no reactor, starts no thread and opens no connection.
A child does all that in the environment that it is given, from the first line of its program on.
`fork_server.py` starts this file.
"""

import ctypes
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import struct
import sys
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import NamedTuple

# Modules of other packages. Left out are the packages that read the settings or the environment
# when they are imported (Django Ninja, prometheus_client), or install Twisted's reactor (Daphne).
PRELOADED = (
    "allauth.core.ratelimit",
    "autobahn.twisted.websocket",
    "channels.routing",
    "channels_redis.pubsub",
    "csp.constants",
    "dj_database_url",
    "django.contrib.admin",
    "django.contrib.staticfiles.storage",
    "django.core.handlers.asgi",
    "django.core.handlers.wsgi",
    "django.core.management",
    "django.db.backends.postgresql.base",
    "django.db.migrations.executor",
    "django.test",
    "environ",
    "markdown_it",
    "msgspec",
    "nh3",
    "pydantic.json_schema",
    "pydantic.networks",
    "sqlite3",
    "twisted.internet.asyncioreactor",
    "twisted.internet.endpoints",
    "twisted.web.http",
    "whitenoise.middleware",
)
NUMBER = struct.Struct("i")  # a pid or an exit status
PR_SET_PDEATHSIG = 1


class Request(NamedTuple):
    file: int
    standard: list[int]  # stdin, stdout, stderr


def main() -> None:
    for name in PRELOADED:
        importlib.import_module(name)
    # Otherwise each child's garbage collector would write to these objects and so copy their
    # memory.
    gc.freeze()
    server = os.getpid()
    request = serve(socket.socket(fileno=int(sys.argv[1])))
    if request is not None:
        run(request, server)


def serve(control: socket.socket) -> Request | None:
    """Fork for each request.

    In the child, return the request. In the fork server, return None when the tests have ended.
    """
    # The socket to which each child's exit status is reported, by the child's pid.
    reports: dict[int, socket.socket] = {}

    def report_exits(number: int, frame: FrameType | None) -> None:
        while reports:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            send(reports[pid], os.waitstatus_to_exitcode(status))
            reports.pop(pid).close()

    signal.signal(signal.SIGCHLD, report_exits)
    while True:
        byte, descriptors, _, _ = socket.recv_fds(control, 1, 5)
        if not byte:
            return None
        file, *standard, report = descriptors
        # A child that exits at once must not be reported before it is in `reports`.
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
        pid = os.fork()
        if not pid:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
            os.setsid()
            own = socket.socket(fileno=report)
            send(own, os.getpid())  # the child sends its pid once it has a session of its own
            for inherited in (control, own, *reports.values()):
                inherited.close()
            return Request(file, standard)
        reports[pid] = socket.socket(fileno=report)
        for descriptor in (file, *standard):
            os.close(descriptor)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])


def send(report: socket.socket, number: int) -> None:
    with suppress(BrokenPipeError):  # the test no longer waits for the report
        report.sendall(NUMBER.pack(number))


def run(request: Request, server: int) -> None:
    """Run the program in this process, as if a new interpreter had just started with it."""
    die_with(server)
    for number, descriptor in enumerate(request.standard):
        os.dup2(descriptor, number)
        os.close(descriptor)
    with os.fdopen(request.file) as file:
        file.seek(0)
        wanted = json.load(file)
    os.chdir(wanted["cwd"])
    os.environ.clear()
    os.environ.update(wanted["environment"])
    sys.path[:0] = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    _, *sys.argv = wanted["command"]
    if sys.argv[0] == "-m":
        sys.path.insert(0, wanted["cwd"])
        sys.argv.pop(0)
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    else:
        sys.path.insert(0, str(Path(sys.argv[0]).parent))
        runpy.run_path(sys.argv[0], run_name="__main__")


def die_with(server: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != server:
        sys.exit(1)


if __name__ == "__main__":
    main()
