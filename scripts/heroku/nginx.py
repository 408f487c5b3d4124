"""A dyno's nginx: the buildpack's program, with the same templates as everywhere else.

Heroku's router is the only way in, and it appends the client's address to X-Forwarded-For. So the
last address in this header is the client's; the client may have forged the addresses before it. The
router also reports whether the client used TLS.
"""

import os
import signal
from functools import partial
from pathlib import Path

from scripts.heroku.options import DynoOptions
from scripts.stack import templates
from scripts.stack.errors import StackError
from scripts.stack.nginx import directives, worker_limits, write_upstreams
from scripts.stack.options import ROOT
from scripts.stack.probes import HOST, http_ok
from scripts.stack.process import Program
from scripts.stack.programs import find_program

# All addresses. Each family is written as two halves, because nginx would warn that 0.0.0.0/0
# repeats the default of the `geo` block.
ALL_ADDRESSES = "0.0.0.0/1 128.0.0.0/1 ::/1 8000::/1"


def nginx(options: DynoOptions, directory: Path, web: int, realtime: int) -> Program:
    """Write the configuration into the directory. Raises StackError if nginx is not installed."""
    (directory / "run").mkdir()
    upstream_list = directory / "upstreams.conf"
    write_upstreams(upstream_list, [(HOST, web)], [(HOST, realtime)])
    variables = {
        "LISTEN": f"{options.bind}:{options.port}",
        "SERVER": "forwarded" if options.public_url.startswith("https:") else "plain",
        "PUBLIC_URL": options.public_url,
        "UPSTREAMS": "list",
        "UPSTREAM_LIST": str(upstream_list),
        "REAL_IP_FROM": ALL_ADDRESSES,
        "REAL_IP_RECURSIVE": "off",
        "RUN_DIR": str(directory / "run"),
        "PAGES_DIR": str(ROOT / "deploy/nginx/pages"),
        "WORKER_PROCESSES": str(options.nginx_workers),
        "WORKER_SHUTDOWN": f"{options.drain_seconds + 5}s",
        **worker_limits(),
    }
    templates.render(ROOT / "deploy/nginx", directory / "conf", variables)
    configuration = str(directory / "conf/nginx.conf")
    return Program(
        command=[
            *(_binary(), "-p", str(directory), "-c", configuration, "-e", "stderr"),
            *("-g", " ".join(["daemon off;", *directives()])),
        ],
        environment={"PATH": os.environ.get("PATH", "")},
        cwd=directory,
        is_ready=partial(http_ok, options.port, "/healthz", options.bind),
        # A graceful stop: nginx refuses new connections, and keeps open connections until the
        # replica has drained them.
        stop_signal=signal.SIGQUIT,
    )


def _binary() -> str:
    buildpack = ROOT / "bin/nginx"
    binary = str(buildpack) if buildpack.exists() else find_program("nginx")
    if binary is None:
        raise StackError(
            "nginx is not installed. Add it with `heroku buildpacks:add heroku-community/nginx`, "
            "or set DYNO_ALONE=1 to run without it."
        )
    return binary
