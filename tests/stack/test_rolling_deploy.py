"""A rolling deploy under traffic: pages load with all their files, and no message is lost."""

import asyncio
import re
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urljoin

import psutil
import pytest

from loadtests.lib.client.history import CommandAnswered
from loadtests.lib.servers.process import ROOT
from loadtests.lib.servers.stack import RunningStack
from tests.cluster.stage import ENVIRONMENT
from tests.stack.conftest import MakeStack
from tests.stack.deployed_stage import DeployedStage
from tests.stack.next_version import VERSION, copy_code, make_next_version
from tests.stack.test_doctor import message, run_doctor, with_status
from tests.stack.traffic import Traffic, running_traffic

REVISION = "0a1b2c3d" * 5
PAGE = "/accounts/login/"
PAUSE_SECONDS = 0.2


@pytest.mark.timeout(480)
async def test_a_rolling_deploy_under_traffic(make_stack: MakeStack, tmp_path: Path) -> None:
    stack = make_stack(**ENVIRONMENT)
    await asyncio.to_thread(stack.start)
    stage = DeployedStage(stack, tmp_path)
    next_root = make_next_version(tmp_path / "next")
    async with running_traffic(stage) as traffic, loading_pages(stack) as pages:
        assert versions(traffic) == {"this"}
        with traffic.during("a rolling deploy from one version to the next"):
            output = await asyncio.to_thread(stack.command, "deploy", "--root", str(next_root))
            await traffic.wait_until_all_reconnected()
        assert f"The code in {next_root} is serving." in output
        assert versions(traffic) == {"next"}
    assert len(pages) > 1, "no page was loaded during the deploy"
    assert pages[0] != pages[-1], "the static files did not change"
    refused = {
        (entry.code, entry.command["type"])
        for client in traffic.clients
        for entry in client.history.entries
        if isinstance(entry, CommandAnswered) and entry.code is not None
    }
    assert not refused - {("unavailable", "message.send")}, "something other than sends was refused"
    assert "Traceback" not in stack.output()


def test_a_half_finished_deploy_reports_what_serves_and_how_to_go_back_or_finish(
    make_stack: MakeStack, tmp_path: Path
) -> None:
    stack = make_stack(REPLICAS="1").start()
    next_root = copy_code(tmp_path / "next")
    (next_root / "app/hubbub/REVISION").write_text(REVISION)
    configuration = next_root / "deploy/gunicorn.conf.py"
    original = configuration.read_text()
    configuration.write_text("raise SystemExit('not today')")
    failed = stack.attempt("deploy", "--root", str(next_root))
    assert failed.returncode == 1
    assert failed.stderr.startswith("web-2 did not start; see the stack's terminal.")
    assert "not today" in stack.output()
    assert f"realtime-2 with the code in {next_root}, web-1 with the previous code" in failed.stdout
    assert serving(stack) == {"realtime-2": next_root, "web-1": ROOT}
    report = run_doctor(stack, "--quick")
    assert "versions" in with_status(report, "red"), report
    assert f"+g{REVISION[:8]}" in message(report, "versions")

    for hint, root in (
        (f"To go back, run `make stack-deploy ROOT={ROOT}`.", ROOT),
        (f"fix the new code and run `make stack-deploy ROOT={next_root}`.", next_root),
    ):
        assert hint in failed.stdout
        configuration.write_text(original)
        stack.command("deploy", "--root", str(root))
        assert {*serving(stack).values()} == {root}
        assert "versions" in with_status(run_doctor(stack, "--quick"), "green")


def serving(stack: RunningStack) -> dict[str, Path]:
    """Return the code directory of each process."""
    ours = {name: row for name, row in stack.processes().items() if name[:3] in ("web", "rea")}
    return {name: Path(psutil.Process(row.pid).cwd()) for name, row in ours.items()}


def versions(traffic: Traffic) -> set[str]:
    found = {
        client.protocol.welcome["version"]
        for client in traffic.clients
        if client.protocol.welcome is not None
    }
    return {"next" if version == VERSION else "this" for version in found}


@asynccontextmanager
async def loading_pages(stack: RunningStack) -> AsyncIterator[list[list[str]]]:
    """Keep loading a page with its files during the `with` block.

    Yield a list to which each load adds the addresses of the files.
    """
    done = asyncio.Event()
    pages: list[list[str]] = []

    async def keep_loading() -> None:
        while not done.is_set():
            pages.append(await asyncio.to_thread(load_page, f"http://{stack.address}{PAGE}"))
            await asyncio.sleep(PAUSE_SECONDS)

    async with asyncio.TaskGroup() as group:
        group.create_task(keep_loading())
        try:
            yield pages
        finally:
            done.set()


def load_page(address: str) -> list[str]:
    """Load a page and the static files that it links. Raises AssertionError if one is missing."""
    files = sorted(set(re.findall(r'"(/static/[^"]+)"', get(address))))
    assert files
    for file in files:
        get(urljoin(address, file))
    return files


def get(address: str) -> str:
    try:
        with urllib.request.urlopen(address, timeout=20) as answer:
            return str(answer.read().decode(errors="replace"))
    except urllib.error.HTTPError as error:
        raise AssertionError(f"{address} responds with {error.code}") from None
