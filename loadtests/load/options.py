"""What `python -m loadtests.load` is told: by options, or by the variables that make hands on."""

import argparse
import math
import os
from pathlib import Path

from loadtests.load.plan import Limits
from loadtests.shapes import SHAPES

EXIT_STATUS = """exit status:
  0 every limit was met; 1 one was missed; 2 it could not be run;
  3 nothing was lost, and the generator was the bottleneck, so latencies are not judged
"""


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m loadtests.load",
        description="Have people use a place with Locust; measure, judge, and write it down.",
        epilog=_shapes() + EXIT_STATUS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _crowd(parser)
    _place(parser)
    _processes(parser)
    _limits(parser)
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


def _crowd(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the load")
    group.add_argument("--users", type=_count, default=_told("USERS", "100"), help="people (100)")
    group.add_argument(
        "--rate",
        type=_amount,
        default=_told("RATE", "10"),
        help="messages a second of all together, once everybody is there (10)",
    )
    group.add_argument(
        "--shape", choices=SHAPES, default=_told("SHAPE", "steps"), help="how it goes; see below"
    )
    group.add_argument(
        "--seconds", type=_amount, default=_told("SECONDS", "60"), help="how long (60)"
    )


def _place(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the place")
    group.add_argument(
        "--host",
        type=_host,
        default=_told("HOST", ""),
        help="such as https://staging.example.org; without it a stack is started here",
    )
    group.add_argument(
        "--sessions",
        type=Path,
        default=_told("SESSIONS", None),
        metavar="FILE",
        help="of people there, as `manage.py seed --yes --users N --sessions FILE` writes it",
    )
    group.add_argument(
        "--accounts",
        type=Path,
        default=_told("ACCOUNTS", None),
        metavar="FILE",
        help="lines `username password`: these sign in through the form",
    )
    group.add_argument(
        "--replicas", type=_count, default=_told("REPLICAS", "2"), help="of the stack here (2)"
    )
    group.add_argument(
        "--metrics",
        nargs="+",
        default=(_told("METRICS", None) or "").split(),
        metavar="URL",
        help="/metrics of the processes at --host, for the report; METRICS_TOKEN is theirs",
    )
    group.add_argument("--redis", default=_told("REDIS", ""), metavar="URL", help="of --host")
    group.add_argument("--postgres", default=_told("POSTGRES", ""), metavar="URL", help="of --host")
    group.add_argument("--out", type=Path, metavar="FOLDER", help="default: data/load/<time>")


def _processes(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the generator")
    group.add_argument(
        "--workers",
        type=_count,
        default=_told("WORKERS", "1"),
        help="processes that play people (1)",
    )
    group.add_argument(
        "--master", action="store_true", help="wait for so many --workers on other machines"
    )
    group.add_argument("--bind", default="0.0.0.0", help="where the master listens (0.0.0.0)")
    group.add_argument("--worker", action="store_true", help="work for the master elsewhere")
    group.add_argument("--master-host", default="127.0.0.1", help="for --worker")
    group.add_argument("--master-port", type=_count, default=5557, help="for both (5557)")
    group.add_argument(
        "--web", action="store_true", help="Locust's page, on http://127.0.0.1:8089; no exit status"
    )
    group.add_argument("--web-port", type=_count, default=_told("WEB_PORT", "8089"), help="(8089)")


def _limits(parser: argparse.ArgumentParser) -> None:
    default, group = Limits(), parser.add_argument_group("limits, which give the exit status")
    for name, limit in (
        ("connect", default.connect_ms),
        ("send", default.send_ms),
        ("deliver", default.deliver_ms),
        ("resume", default.resume_ms),
    ):
        group.add_argument(
            f"--{name}-p99", type=_amount, default=limit, metavar="MS", help=f"({limit:g})"
        )
    for option, limit, unit, meaning in (
        ("--failures", default.failures_percent, "PERCENT", "of requests, sends and sockets"),
        ("--generator-cpu", default.generator_cpu_percent, "PERCENT", "of a core, of a process"),
        ("--generator-lag", default.generator_lag_ms, "MS", "that its loop may be late"),
    ):
        group.add_argument(
            option, type=_amount, default=limit, metavar=unit, help=f"{meaning} ({limit:g})"
        )


def _shapes() -> str:
    lines = [f"  {name:<8} {shape.line}\n" for name, shape in SHAPES.items()]
    return "shapes:\n" + "".join(lines) + "\n"


def _told(name: str, otherwise: str | None) -> str | None:
    return os.environ.get(name) or otherwise


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def _amount(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return number


def _host(text: str) -> str:
    if text and not text.startswith(("http://", "https://")):
        raise argparse.ArgumentTypeError(f"{text!r} does not begin with http:// or https://")
    return text.rstrip("/")
