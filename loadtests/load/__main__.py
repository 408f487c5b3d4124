"""`make load`: run Locust's users against a target and write the results to data/load/<time>/.

At the end, a table is printed, and the exit status says whether the limits were met.

The folder contains report.html, Locust's own locust.html, and the files from which they are made.
Locust and gevent run in separate processes: this process prepares the run, starts the other
processes and waits for them.
"""

import json
import os
import subprocess
import sys
import time
from argparse import Namespace
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from loadtests.lib import exit_codes, machine
from loadtests.lib.console import log
from loadtests.lib.identities import TargetError
from loadtests.lib.servers import ServerError
from loadtests.lib.servers.process import HOST, ROOT
from loadtests.load import report
from loadtests.load.options import limits_of, parse
from loadtests.load.plan import PLAN_VARIABLE, LoadPlan
from loadtests.load.rooms import Rooms
from loadtests.load.targets import monitor, open_target
from scripts.stack.errors import StackError
from scripts.stack.ports import free_port

LOCUSTFILE = ROOT / "loadtests/locustfile.py"
SERIES = "series.json"
STOP_SECONDS = 30
CAPACITY_SECONDS = 20


def main() -> None:
    options = parse(sys.argv[1:])
    try:
        sys.exit(work(options) if options.worker else load(options))
    except (TargetError, ServerError, StackError) as error:
        log(str(error))
        sys.exit(exit_codes.NOT_RUN)
    except KeyboardInterrupt:
        sys.exit(exit_codes.NOT_RUN)


def work(options: Namespace) -> int:
    """Run users for a master elsewhere, until that master has finished."""
    with started(worker_command(options.master_host, options.master_port)) as worker:
        return worker.wait()


def load(options: Namespace) -> int:
    folder: Path = options.out or ROOT / "data/load" / time.strftime("%Y-%m-%d-%H%M%S")
    folder.mkdir(parents=True, exist_ok=True)
    series = folder.resolve() / SERIES
    series.unlink(missing_ok=True)  # this removes the series of an earlier run
    with open_target(options) as target:
        given = {name: getattr(options, name) for name in ("shape", "users", "rate", "seconds")}
        limits, workers = limits_of(options), options.workers
        plan = target.plan(**given, limits=limits, workers=workers, series=str(series))
        rooms = Rooms(plan)
        try:
            rooms.create()
            plan.delivery_us = _generator_capacity()
            with monitor(options, target, folder / "samples.jsonl"):
                status = _run_locust(options, plan, folder.resolve())
        finally:
            if options.host and plan.rooms:
                rooms.archive()
    if not series.exists():
        raise TargetError("Locust ended without a result; the lines above say why.")
    (folder / "machine.json").write_text(json.dumps(machine.describe(), indent=1))
    log(f"The report is {report.write(folder)}")
    return status


def _generator_capacity() -> float:
    """Return how many µs of CPU time a delivery costs; 0 if that cannot be measured."""
    log("Measuring the capacity of the generator")
    command = [sys.executable, "-m", "loadtests.load.generator_capacity"]
    try:
        measured = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=CAPACITY_SECONDS, check=True
        )
    except subprocess.SubprocessError:
        log("It could not be measured: is this machine busy with something else?")
        return 0.0
    return float(measured.stdout)


def _run_locust(options: Namespace, plan: LoadPlan, folder: Path) -> int:
    """Run the requested number of Locust processes. Return the exit status of the main process.

    The plan contains sessions, so its file is removed when the run ends.
    """
    file = folder / "plan.json"
    plan.write(file)
    log(f"{plan.shape}: {plan.users} users, {plan.rate:g} messages/s, {plan.seconds:g} s")
    if options.web:
        log(f"Locust's page is http://{HOST}:{options.web_port} (Ctrl-C ends it)")
    port = options.master_port if options.master else free_port()
    command = [*locust_command(), "--host", plan.host, *_arguments(options, folder, port)]
    try:
        with ExitStack() as processes:
            if options.workers > 1 and not options.master:
                for _ in range(options.workers):
                    processes.enter_context(started(worker_command(HOST, port)))
            return processes.enter_context(started(command, file)).wait()
    finally:
        file.unlink()


def _arguments(options: Namespace, folder: Path, port: int) -> Iterator[str]:
    """Yield the arguments of the main process that depend on the options."""
    if options.web:
        yield from ("--web-host", HOST, "--web-port", str(options.web_port))
    else:
        yield from ("--headless", "--only-summary", "--html", str(folder / "locust.html"))
    if options.master or options.workers > 1:
        bind = options.bind if options.master else HOST
        yield from ("--master", "--expect-workers", str(options.workers))
        yield from ("--master-bind-host", bind, "--master-bind-port", str(port))


def worker_command(host: str, port: int) -> list[str]:
    return [*locust_command(), "--worker", "--master-host", host, "--master-port", str(port)]


def locust_command() -> list[str]:
    return [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), "--loglevel", "WARNING"]


@contextmanager
def started(command: list[str], plan: Path | None = None) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a process while the `with` block runs. Then terminate it, and kill it if needed."""
    variables = {PLAN_VARIABLE: str(plan)} if plan else {}
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
        process.kill()
        process.wait()


if __name__ == "__main__":
    main()
