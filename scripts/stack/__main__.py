"""The stack's command line: `python -m scripts.stack up | scale N | status | deploy | manage`.

Settings come from environment variables (`options.py`), so that `make` can pass them on.
"""

import asyncio
import os
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path

from scripts.stack import application, control
from scripts.stack.application import Release
from scripts.stack.control import Request
from scripts.stack.errors import StackError
from scripts.stack.manager import Manager
from scripts.stack.options import ROOT, options_from, replicas_from, state_path_from
from scripts.stack.output import Output
from scripts.stack.programs import find_postgres, find_program
from scripts.stack.state_directory import StateDirectory


def main() -> None:
    arguments = _parser().parse_args()
    try:
        arguments.run(arguments)
    except StackError as error:
        sys.exit(str(error))


def up(arguments: Namespace) -> None:
    _ensure_programs()
    asyncio.run(Manager(options_from(), Output()).run())


def scale(arguments: Namespace) -> None:
    replicas = replicas_from({"REPLICAS": arguments.replicas or "none"})
    _send({"do": "scale", "replicas": replicas})


def deploy(arguments: Namespace) -> None:
    _send({"do": "deploy", "root": str(arguments.root.resolve())})


def status(arguments: Namespace) -> None:
    _send({"do": "status"})


def manage(arguments: Namespace) -> None:
    """Run `manage.py` with the running stack's code and settings, and exit with its status."""
    settings = StateDirectory(state_path_from(os.environ)).read_environment()
    root = Path(settings.pop("STACK_ROOT"))
    release = Release(root, Path(settings["STATIC_ROOT"]))
    command = [release.python, str(root / "app/manage.py"), *arguments.command]
    result = subprocess.run(command, env=application.environment(settings, release))
    sys.exit(result.returncode)


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="stack", description="Run all of Hubbub on this machine.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    commands.add_parser("up", help="run the stack until Ctrl-C").set_defaults(run=up)
    commands.add_parser("status", help="list the stack's processes").set_defaults(run=status)
    scaling = commands.add_parser("scale", help="set the number of replicas")
    scaling.add_argument("replicas", nargs="?")
    scaling.set_defaults(run=scale)
    deploying = commands.add_parser("deploy", help="replace the code without downtime")
    deploying.add_argument("--root", type=Path, default=ROOT, help="the directory with the code")
    deploying.set_defaults(run=deploy)
    managing = commands.add_parser("manage", help="run manage.py against the stack")
    managing.add_argument("command", nargs="*")
    managing.set_defaults(run=manage)
    return parser


def _send(request: Request) -> None:
    state = StateDirectory(state_path_from(os.environ))
    for line in control.send_request(state.control, request):
        print(line, flush=True)


def _ensure_programs() -> None:
    missing = [name for name in ("nginx", "redis-server") if find_program(name) is None]
    missing += ["postgresql"] if find_postgres() is None else []
    if missing:
        raise StackError(f"The stack needs {_listed(missing)}; install them first.")


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if names[:-1] else names)


if __name__ == "__main__":
    main()
