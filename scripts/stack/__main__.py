"""The command line of the stack: `python -m scripts.stack up | scale N | status | deploy | manage`.

What a stack is like is told by environment (`options.py`), so that make hands it on.
"""

import asyncio
import os
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path

from scripts.stack import application, control
from scripts.stack.application import Version
from scripts.stack.control import Request
from scripts.stack.errors import StackError
from scripts.stack.manager import Manager
from scripts.stack.options import ROOT, folder_from, options_from, replicas_from
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
    _ask(
        {
            "operation": "scale",
            "replicas": replicas_from({"REPLICAS": arguments.replicas or "none"}),
        }
    )


def deploy(arguments: Namespace) -> None:
    _ask({"operation": "deploy", "root": str(arguments.root.resolve())})


def status(arguments: Namespace) -> None:
    _ask({"operation": "status"})


def manage(arguments: Namespace) -> None:
    """Become `manage.py` of the running stack."""
    settings = StateDirectory(folder_from(os.environ)).read_environment()
    root = Path(settings.pop("STACK_ROOT"))
    version = Version(root, Path(settings["STATIC_ROOT"]))
    command = [version.python, str(root / "app/manage.py"), *arguments.command]
    done = subprocess.run(command, env=application.environment(settings, version))
    sys.exit(done.returncode)


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="stack", description="Hubbub on this machine, all of it.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    commands.add_parser("up", help="run it until Ctrl-C").set_defaults(run=up)
    commands.add_parser("status", help="show its processes").set_defaults(run=status)
    scaling = commands.add_parser("scale", help="have so many replicas")
    scaling.add_argument("replicas", nargs="?")
    scaling.set_defaults(run=scale)
    deploying = commands.add_parser("deploy", help="go on with other code, while people talk")
    deploying.add_argument("--root", type=Path, default=ROOT, help="the folder with the code")
    deploying.set_defaults(run=deploy)
    managing = commands.add_parser("manage", help="run manage.py on it")
    managing.add_argument("command", nargs="*")
    managing.set_defaults(run=manage)
    return parser


def _ask(request: Request) -> None:
    for line in control.send_request(StateDirectory(folder_from(os.environ)).control, request):
        print(line, flush=True)


def _ensure_programs() -> None:
    missing = [name for name in ("nginx", "redis-server") if find_program(name) is None]
    missing += ["postgresql"] if find_postgres() is None else []
    if missing:
        raise StackError(f"The stack needs {_listed(missing)}, and this machine lacks them.")


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if names[:-1] else names)


if __name__ == "__main__":
    main()
