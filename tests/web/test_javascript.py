"""Runs the tests of the page's pure modules, tests/web/js, under node (18 or newer)."""

import re
import shutil
import subprocess
from pathlib import Path

JS_TESTS = Path(__file__).parent / "js"


def test_the_pure_modules_pass_their_tests_under_node() -> None:
    node = shutil.which("node") or shutil.which("nodejs")
    assert node, "node isn't installed: run scripts/install-servers, or install nodejs."
    files = sorted(JS_TESTS.rglob("*.test.mjs"))
    done = subprocess.run(
        [node, "--test", *files], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    counts = counts_in(done.stdout)
    assert counts["pass"] == counts["tests"], done.stdout
    assert counts["fail"] == counts["cancelled"] == counts["skipped"] == counts["todo"] == 0
    assert counts["tests"] > len(files), "node counted files, not the tests in them"


def counts_in(output: str) -> dict[str, int]:
    """Return the numbers of node's summary, which ends its output: tests, pass, fail and so on."""
    summary = re.findall(r"^\W+(tests|pass|fail|cancelled|skipped|todo) (\d+)$", output, re.M)
    return {name: int(count) for name, count in summary}
