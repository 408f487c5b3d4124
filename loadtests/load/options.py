"""The options of a load test. `make` passes the common ones as environment variables.

`parse` is for `python -m loadtests.load`. A run that `locust` itself starts has Locust's own
options, and the options of `add_identities` and `add_rate_and_shape`.
"""

import argparse
import os
from pathlib import Path

from loadtests.lib.measurements.limits import RunLimits
from loadtests.lib.options import Group, add_variable, positive_int, positive_number
from loadtests.shapes import SHAPES

EXIT_STATUS = """exit status:
  0 every limit was met; 1 a limit was missed; 2 the load could not run;
  3 no event was lost, but the generator was the bottleneck: latencies are not judged
"""
# For each field of `RunLimits`: the option, its unit, and what it limits.
LIMITS = {
    "connect_ms": ("--connect-p99", "MS", ""),
    "send_ms": ("--send-p99", "MS", ""),
    "deliver_ms": ("--deliver-p99", "MS", ""),
    "resume_ms": ("--resume-p99", "MS", ""),
    "failures_percent": ("--failures", "PERCENT", "of requests, sends and connections "),
    "generator_cpu_percent": ("--generator-cpu", "PERCENT", "of a core, per process "),
    "generator_lag_ms": ("--generator-lag", "MS", "of the generator's event loop "),
}


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m loadtests.load",
        description="Load a deployment with Locust users; measure, judge and write a report.",
        epilog=_shapes() + EXIT_STATUS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    load = parser.add_argument_group("the load")
    add_variable(load, "--users", "100", "simulated users", type=positive_int)
    add_rate_and_shape(load)
    add_variable(load, "--seconds", "60", "length", type=positive_number)
    _add_target(parser.add_argument_group("the target"))
    _add_generator(parser.add_argument_group("the generator"))
    limits = parser.add_argument_group("limits, which decide the exit status")
    for name, (option, unit, what) in LIMITS.items():
        limits.add_argument(
            option,
            dest=name,
            type=positive_number,
            default=getattr(RunLimits(), name),
            metavar=unit,
            help=f"{what}(%(default)g)",
        )
    options = parser.parse_args(arguments)
    if options.worker and options.master:
        parser.error("a process is --master or --worker, not both")
    return options


def limits_of(options: argparse.Namespace) -> RunLimits:
    return RunLimits(**{name: getattr(options, name) for name in LIMITS})


def add_rate_and_shape(group: Group, rate: str = "--rate") -> None:
    help = "messages a second of all users together, once everyone is online"
    add_variable(group, rate, "10", help, "RATE", type=positive_number)
    add_variable(group, "--shape", "steps", "how the load develops", choices=list(SHAPES))


def add_identities(group: Group) -> None:
    help = "users, as `manage.py seed --yes --users N --sessions FILE` writes them"
    add_variable(group, "--sessions", None, help, type=Path, metavar="FILE")
    help = "lines `username password`: these users sign in through the form"
    add_variable(group, "--accounts", None, help, type=Path, metavar="FILE")


def _add_target(group: Group) -> None:
    help = "such as https://staging.example.org; without it a stack is started here"
    add_variable(group, "--host", "", help, type=_host)
    add_identities(group)
    add_variable(group, "--replicas", "2", "of the stack here", type=positive_int)
    group.add_argument(
        "--metrics",
        nargs="+",
        default=os.environ.get("METRICS", "").split(),
        metavar="URL",
        help="/metrics of the processes at --host, for the report; METRICS_TOKEN is their token",
    )
    add_variable(group, "--redis", "", "of --host", metavar="URL")
    add_variable(group, "--postgres", "", "of --host", metavar="URL")
    group.add_argument("--out", type=Path, metavar="FOLDER", help="default: data/load/<time>")


def _add_generator(group: Group) -> None:
    add, flag = group.add_argument, "store_true"
    add_variable(group, "--workers", "1", "processes that run users", type=positive_int)
    add("--master", action=flag, help="wait for that many --workers on other machines")
    add("--bind", default="0.0.0.0", help="where the master listens (%(default)s)")
    add("--worker", action=flag, help="work for a master elsewhere")
    add("--master-host", default="127.0.0.1", help="for --worker (%(default)s)")
    add("--master-port", type=positive_int, default=5557, help="for both (%(default)s)")
    add("--web", action=flag, help="serve Locust's page on http://127.0.0.1:8089; no exit status")
    add_variable(group, "--web-port", "8089", "of Locust's page", type=positive_int)


def _shapes() -> str:
    lines = [f"  {name:<8} {shape.description}\n" for name, shape in SHAPES.items()]
    return "shapes:\n" + "".join(lines) + "\n"


def _host(text: str) -> str:
    if text and not text.startswith(("http://", "https://")):
        raise argparse.ArgumentTypeError(f"{text!r} does not start with http:// or https://")
    return text.rstrip("/")
