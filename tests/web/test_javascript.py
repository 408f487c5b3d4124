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
    passed = re.search(r"pass (\d+)", done.stdout)
    assert passed, done.stdout
    assert int(passed[1]) >= len(files)
