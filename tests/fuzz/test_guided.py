"""The coverage-guided fuzzer can be run."""

import platform
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from loadtests.lib.servers.process import ROOT

SECONDS = 4


def test_it_runs_for_a_few_seconds_without_a_failure(tmp_path: Path) -> None:
    result = run(tmp_path, "--seconds", str(SECONDS), "--seed", "1")
    if find_spec("atheris") is None:
        assert (platform.system(), platform.machine()) != ("Linux", "x86_64")
        assert "not installed" in result.stderr
    else:
        assert result.returncode == 0, result.stderr[-4_000:]
        assert "DONE" in result.stderr
    assert list(tmp_path.iterdir()) == []


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.fuzz.guided", *options],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=90,
    )
