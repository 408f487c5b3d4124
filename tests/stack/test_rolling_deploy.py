"""From one version to the next while people talk: pages load whole, and no message is lost."""

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
from tests.stack.next_version import VERSION, copy_code, make_next_version
from tests.stack.people import People
from tests.stack.traffic import Traffic, traffic

PAGE = "/accounts/login/"
PAUSE_SECONDS = 0.2


@pytest.mark.timeout(480)
async def test_a_rolling_deploy_under_traffic(make_stack: MakeStack, tmp_path: Path) -> None:
    stack = make_stack(**ENVIRONMENT)
    await asyncio.to_thread(stack.start)
    people = People(stack, tmp_path)
    following = make_next_version(tmp_path / "next")
    async with traffic(people) as talk, loading(stack) as pages:
        assert versions(talk) == {"this"}
        with talk.during("a rolling deploy from one version to the next"):
            said = await asyncio.to_thread(stack.command, "deploy", "--root", str(following))
            await talk.until_all_are_back()
        assert f"The code in {following} is serving." in said
        assert versions(talk) == {"next"}
    assert len(pages) > 1, "no page was loaded meanwhile"
    assert pages[0] != pages[-1], "the static files did not change"
    refused = {
        (entry.code, entry.command["type"])
        for client in talk.clients
        for entry in client.history.entries
        if isinstance(entry, CommandAnswered) and entry.code is not None
    }
    assert not refused - {("unavailable", "message.send")}, "more than sends to be tried again"
    assert "Traceback" not in stack.output()


def test_a_deploy_that_fails_half_way_says_what_serves_and_how_to_go_back_or_on(
    make_stack: MakeStack, tmp_path: Path
) -> None:
    stack = make_stack(REPLICAS="1").start()
    following = copy_code(tmp_path / "next")
    configuration = following / "deploy/gunicorn.conf.py"
    right = configuration.read_text()
    configuration.write_text("raise SystemExit('not today')")
    failed = stack.attempt("deploy", "--root", str(following))
    assert failed.returncode == 1
    assert failed.stderr.startswith("web-2 did not start; see the stack's terminal.")
    assert "not today" in stack.output()
    assert f"realtime-2 with the code in {following}, web-1 with the previous code" in failed.stdout
    assert serving(stack) == {"realtime-2": following, "web-1": ROOT}

    for hint, root in (
        (f"To go back, run `make stack-deploy ROOT={ROOT}`.", ROOT),
        (f"fix the new code and run `make stack-deploy ROOT={following}`.", following),
    ):
        assert hint in failed.stdout
        configuration.write_text(right)
        stack.command("deploy", "--root", str(root))
        assert {*serving(stack).values()} == {root}


def serving(stack: RunningStack) -> dict[str, Path]:
    """Return the folder of the code that each process runs."""
    ours = {name: row for name, row in stack.processes().items() if name[:3] in ("web", "rea")}
    return {name: Path(psutil.Process(row.pid).cwd()) for name, row in ours.items()}


def versions(talk: Traffic) -> set[str]:
    found = {
        client.protocol.welcome["version"]
        for client in talk.clients
        if client.protocol.welcome is not None
    }
    return {"next" if version == VERSION else "this" for version in found}


@asynccontextmanager
async def loading(stack: RunningStack) -> AsyncIterator[list[list[str]]]:
    """Load a page with all its files again and again; yield the files' addresses of each time."""
    over = asyncio.Event()
    pages: list[list[str]] = []

    async def load_on() -> None:
        while not over.is_set():
            pages.append(await asyncio.to_thread(load_whole, f"http://{stack.address}{PAGE}"))
            await asyncio.sleep(PAUSE_SECONDS)

    async with asyncio.TaskGroup() as group:
        group.create_task(load_on())
        try:
            yield pages
        finally:
            over.set()


def load_whole(address: str) -> list[str]:
    """Load a page and every static file that it names. Raises HTTPError when one is lacking."""
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
        raise AssertionError(f"{address} was answered {error.code}") from None
