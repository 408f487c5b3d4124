"""The options of `python -m loadtests.load`; make passes the common ones as variables."""

import argparse
import math
import os
from pathlib import Path

from loadtests.lib.measurements.limits import Limits
from loadtests.shapes import SHAPES

EXIT_STATUS = """exit status:
  0 every limit was met; 1 a limit was missed; 2 the load could not run;
  3 no event was lost, but the generator was the bottleneck: latencies are not judged
"""


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m loadtests.load",
        description="Load a deployment with Locust users; measure, judge and write a report.",
        epilog=_shapes() + EXIT_STATUS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_load(parser)
    _add_target(parser)
    _add_processes(parser)
    _add_limits(parser)
    options = parser.parse_args(arguments)
    if options.worker and options.master:
        parser.error("a process is --master or --worker, not both")
    return options


def limits_of(options: argparse.Namespace) -> Limits:
    return Limits(
        connect_ms=options.connect_p99,
        send_ms=options.send_p99,
        deliver_ms=options.deliver_p99,
        resume_ms=options.resume_p99,
        failures_percent=options.failures,
        generator_cpu_percent=options.generator_cpu,
        generator_lag_ms=options.generator_lag,
    )


def _add_load(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the load")
    group.add_argument(
        "--users", type=positive_int, default=_variable("USERS", "100"), help="users (100)"
    )
    group.add_argument(
        "--rate",
        type=positive_number,
        default=_variable("RATE", "10"),
        help="messages a second of all users together, once everyone is online (10)",
    )
    group.add_argument(
        "--shape",
        choices=SHAPES,
        default=_variable("SHAPE", "steps"),
        help="how the load develops; see below",
    )
    group.add_argument(
        "--seconds", type=positive_number, default=_variable("SECONDS", "60"), help="length (60)"
    )


def _add_target(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the target")
    group.add_argument(
        "--host",
        type=_host,
        default=_variable("HOST", ""),
        help="such as https://staging.example.org; without it a stack is started here",
    )
    group.add_argument(
        "--sessions",
        type=Path,
        default=_variable("SESSIONS", None),
        metavar="FILE",
        help="users of --host, as `manage.py seed --yes --users N --sessions FILE` writes them",
    )
    group.add_argument(
        "--accounts",
        type=Path,
        default=_variable("ACCOUNTS", None),
        metavar="FILE",
        help="lines `username password`: these users sign in through the form",
    )
    group.add_argument(
        "--replicas",
        type=positive_int,
        default=_variable("REPLICAS", "2"),
        help="of the stack here (2)",
    )
    group.add_argument(
        "--metrics",
        nargs="+",
        default=(_variable("METRICS", None) or "").split(),
        metavar="URL",
        help="/metrics of the processes at --host, for the report; METRICS_TOKEN is their token",
    )
    group.add_argument("--redis", default=_variable("REDIS", ""), metavar="URL", help="of --host")
    group.add_argument(
        "--postgres", default=_variable("POSTGRES", ""), metavar="URL", help="of --host"
    )
    group.add_argument("--out", type=Path, metavar="FOLDER", help="default: data/load/<time>")


def _add_processes(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the generator")
    group.add_argument(
        "--workers",
        type=positive_int,
        default=_variable("WORKERS", "1"),
        help="processes that run users (1)",
    )
    group.add_argument(
        "--master", action="store_true", help="wait for that many --workers on other machines"
    )
    group.add_argument("--bind", default="0.0.0.0", help="where the master listens (0.0.0.0)")
    group.add_argument("--worker", action="store_true", help="work for a master elsewhere")
    group.add_argument("--master-host", default="127.0.0.1", help="for --worker")
    group.add_argument("--master-port", type=positive_int, default=5557, help="for both (5557)")
    group.add_argument(
        "--web", action="store_true", help="Locust's page, on http://127.0.0.1:8089; no exit status"
    )
    group.add_argument(
        "--web-port", type=positive_int, default=_variable("WEB_PORT", "8089"), help="(8089)"
    )


def _add_limits(parser: argparse.ArgumentParser) -> None:
    default, group = Limits(), parser.add_argument_group("limits, which decide the exit status")
    for option, limit, unit, meaning in (
        ("--connect-p99", default.connect_ms, "MS", ""),
        ("--send-p99", default.send_ms, "MS", ""),
        ("--deliver-p99", default.deliver_ms, "MS", ""),
        ("--resume-p99", default.resume_ms, "MS", ""),
        ("--failures", default.failures_percent, "PERCENT", "of requests, sends and connections "),
        ("--generator-cpu", default.generator_cpu_percent, "PERCENT", "of a core, per process "),
        ("--generator-lag", default.generator_lag_ms, "MS", "of the generator's event loop "),
    ):
        group.add_argument(
            option, type=positive_number, default=limit, metavar=unit, help=f"{meaning}({limit:g})"
        )


def _shapes() -> str:
    lines = [f"  {name:<8} {shape.description}\n" for name, shape in SHAPES.items()]
    return "shapes:\n" + "".join(lines) + "\n"


def _variable(name: str, default: str | None) -> str | None:
    return os.environ.get(name) or default


def positive_int(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def positive_number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return number


def _host(text: str) -> str:
    if text and not text.startswith(("http://", "https://")):
        raise argparse.ArgumentTypeError(f"{text!r} does not start with http:// or https://")
    return text.rstrip("/")
