"""A deployment for the doctor to check: a cluster behind a proxy that can be made faulty."""

import gzip
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from loadtests.lib.servers import Cluster, Replica
from loadtests.lib.servers.cluster import collected_static_files
from loadtests.lib.servers.fork_server import run_program
from loadtests.lib.servers.process import ROOT
from tests.doctor.faulty_proxy import FaultyProxy


@dataclass(frozen=True, slots=True)
class DoctorReport:
    """The doctor's JSON report."""

    exit_code: int
    statuses: dict[str, str]  # by check
    messages: dict[str, str]  # by check: its message and its fix

    def with_status(self, status: str) -> list[str]:
        """Return the checks with this status."""
        return [check for check, one in self.statuses.items() if one == status]


class Deployment:
    def __init__(self, cluster: Cluster, proxy: FaultyProxy, within: Sequence[str] = ()) -> None:
        """`within` prefixes commands that have to run in the proxy's network namespace."""
        self.cluster, self.proxy, self._within = cluster, proxy, within
        self._server: subprocess.Popen[str] | None = None

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run `doctor` as an operator does, in the deployment's environment or a changed one."""
        command = [sys.executable, str(ROOT / "app/manage.py"), "doctor", *arguments]
        environment = self.cluster.environment | environment
        if self._within:
            return subprocess.run(
                [*self._within, *command], env=environment, capture_output=True, text=True
            )
        return run_program(command, cwd=ROOT, env=environment)

    def run_doctor(self, *arguments: str, url: str = "", **environment: str) -> DoctorReport:
        """Run the doctor, with `--quick` if no arguments are given, and return its report."""
        options = arguments or ("--quick",)
        command = ("--json", "--url", url or self.proxy.url, *options)
        if environment:
            done = self.run(*command, **environment)
            code, printed = done.returncode, done.stdout
        else:
            code, printed = self._run_on_server(command)
        report = json.loads(printed)
        assert report["exit"] == code
        statuses = {one["check"]: one["status"] for one in report["results"]}
        messages = {one["check"]: f"{one['message']} {one['fix']}" for one in report["results"]}
        return DoctorReport(code, statuses, messages)

    @contextmanager
    def replica(self, **environment: str) -> Iterator[Replica]:
        """Run one more replica, with a changed environment, during the `with` block."""
        source = {"PYTHONPATH": f"{ROOT / 'app'}:{ROOT}"}
        with Replica(self.cluster.environment | source | environment) as replica:
            yield replica

    def ports(self) -> list[int]:
        return [replica.port for replica in self.cluster.replicas]

    def close(self) -> None:
        if self._server is not None:
            # This closes the server's input, so that it exits, and waits for the exit.
            with self._server:
                pass

    def _run_on_server(self, arguments: Sequence[str]) -> tuple[int, str]:
        if self._server is None:
            self._server = subprocess.Popen(
                [sys.executable, "-m", "tests.doctor.doctor_server"],
                cwd=ROOT,
                env=self.cluster.environment | {"DJANGO_SETTINGS_MODULE": "hubbub.settings"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        assert self._server.stdin
        assert self._server.stdout
        self._server.stdin.write(json.dumps(arguments) + "\n")
        self._server.stdin.flush()
        code, printed = json.loads(self._server.stdout.readline())
        return code, printed


def compressed_static_files(folder: Path) -> str:
    """Return a directory with static files and compressed style sheets.

    `collectstatic` would spend half a minute on compressing all files; the doctor checks only the
    style sheets.
    """
    shutil.copytree(collected_static_files(), folder)
    for sheet in folder.glob("hubbub/css/*.css"):
        sheet.with_suffix(".css.gz").write_bytes(gzip.compress(sheet.read_bytes()))
    return str(folder)
