"""A dyno's nginx: the buildpack's program with the configuration that all places share.

The router is the only way in, and the last address that it names is who came: what stands before
that in X-Forwarded-For, the client has written. Whether they came by TLS, it says, too.
"""

import os
import signal
from functools import partial
from pathlib import Path

from scripts.heroku.options import ROOT, DynoOptions
from scripts.stack import templates
from scripts.stack.errors import StackError
from scripts.stack.nginx import directives, sizes, upstreams
from scripts.stack.probes import http_ok
from scripts.stack.programs import find_program
from scripts.stack.service import Program

# In halves: nginx says that the whole would replace its default.
ANYBODY = "0.0.0.0/1 128.0.0.0/1 ::/1 8000::/1"


def nginx(options: DynoOptions, folder: Path, web: int, realtime: int) -> Program:
    """Write its configuration into the folder. Raises StackError where there is no nginx."""
    (folder / "run").mkdir()
    upstream_list = folder / "upstreams.conf"
    upstream_list.write_text(upstreams([web], [realtime]))
    chosen = {
        "LISTEN": f"{options.bind}:{options.port}",
        "SERVER": "forwarded" if options.public_url.startswith("https:") else "plain",
        "PUBLIC_URL": options.public_url,
        "UPSTREAMS": "list",
        "UPSTREAM_LIST": str(upstream_list),
        "REAL_IP_FROM": ANYBODY,
        "REAL_IP_RECURSIVE": "off",
        "RUN_DIR": str(folder / "run"),
        "PAGES_DIR": str(ROOT / "deploy/nginx/pages"),
        "WORKER_PROCESSES": str(options.nginx_workers),
        "WORKER_SHUTDOWN": f"{options.drain_seconds + 5}s",
        **sizes(),
    }
    templates.render(ROOT / "deploy/nginx", folder / "conf", chosen)
    return Program(
        command=[
            *(_binary(), "-p", str(folder), "-c", str(folder / "conf/nginx.conf"), "-e", "stderr"),
            *("-g", " ".join(["daemon off;", *directives()])),
        ],
        environment={"PATH": os.environ.get("PATH", "")},
        folder=folder,
        answers=partial(http_ok, options.port, "/healthz", options.bind),
        # Takes nobody new, and keeps sockets until the replica has sent them away.
        stop_signal=signal.SIGQUIT,
    )


def _binary() -> str:
    buildpacks = ROOT / "bin/nginx"
    found = str(buildpacks) if buildpacks.exists() else find_program("nginx")
    if found is None:
        raise StackError(
            "No nginx is here. Add it with `heroku buildpacks:add heroku-community/nginx`, "
            "or do without by DYNO_ALONE=1."
        )
    return found
