"""A deployment that a test examines: a place, a proxy in front, and the environment of both."""

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
from loadtests.lib.servers.process import ROOT
from tests.doctor.faulty_proxy import Front


@dataclass(frozen=True, slots=True)
class Seen:
    """What the doctor said."""

    exit: int
    colours: dict[str, str]  # by check
    said: dict[str, str]  # what is so, and how to mend it

    def of(self, colour: str) -> list[str]:
        return [check for check, seen in self.colours.items() if seen == colour]


class Patient:
    def __init__(self, cluster: Cluster, front: Front, within: Sequence[str] = ()) -> None:
        """`within` is what a command begins with to run where the front is reached."""
        self.cluster, self.front, self._within = cluster, front, within
        self._waiting: subprocess.Popen[str] | None = None

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run doctor as an operator does, with the deployment's environment or a changed one."""
        return subprocess.run(
            [*self._within, sys.executable, str(ROOT / "app/manage.py"), "doctor", *arguments],
            env=self.cluster.environment | environment,
            capture_output=True,
            text=True,
        )

    def examine(self, *arguments: str, url: str = "", **environment: str) -> Seen:
        """Have the doctor look, without waiting unless told so."""
        waits = arguments or ("--quick",)
        asked = ("--json", "--url", url or self.front.url, *waits)
        if environment:
            done = self.run(*asked, **environment)
            code, printed = done.returncode, done.stdout
        else:
            code, printed = self._ask_the_waiting(asked)
        told = json.loads(printed)
        assert told["exit"] == code
        found = told["results"]
        said = {one["check"]: f"{one['says']} {one['mend']}" for one in found}
        return Seen(code, {one["check"]: one["status"] for one in found}, said)

    @contextmanager
    def replica(self, **environment: str) -> Iterator[Replica]:
        """Start one more replica, with a changed environment."""
        source = {"PYTHONPATH": f"{ROOT / 'app'}:{ROOT}"}
        with Replica(self.cluster.environment | source | environment) as replica:
            yield replica

    def ports(self) -> list[int]:
        return [replica.port for replica in self.cluster.replicas]

    def close(self) -> None:
        if self._waiting is not None:
            with self._waiting:  # waits for its end, which is the end of its input
                pass

    def _ask_the_waiting(self, arguments: Sequence[str]) -> tuple[int, str]:
        if self._waiting is None:
            self._waiting = subprocess.Popen(
                [sys.executable, "-m", "tests.doctor.doctor_server"],
                cwd=ROOT,
                env=self.cluster.environment | {"DJANGO_SETTINGS_MODULE": "hubbub.settings"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        assert self._waiting.stdin
        assert self._waiting.stdout
        self._waiting.stdin.write(json.dumps(arguments) + "\n")
        self._waiting.stdin.flush()
        code, printed = json.loads(self._waiting.stdout.readline())
        return code, printed


def compressed_static_files(folder: Path) -> str:
    """Return a folder of static files with compressed sheets beside, as `collectstatic` makes it.

    It compresses all of them, for half a minute; for what the doctor looks at the sheets will do.
    """
    shutil.copytree(collected_static_files(), folder)
    for sheet in folder.glob("hubbub/css/*.css"):
        sheet.with_suffix(".css.gz").write_bytes(gzip.compress(sheet.read_bytes()))
    return str(folder)
