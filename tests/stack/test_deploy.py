"""The next version takes the place of the running one, process by process, while people talk."""

import asyncio
import re
import shutil
import urllib.request
from pathlib import Path

from loadtests.servers.process import ROOT
from tests.cluster.stage import opened, talking
from tests.stack.people import People
from tests.stack.running import RunningStack


async def test_another_version_takes_over_and_nobody_is_dropped(
    stack: RunningStack, people: People, tmp_path: Path
) -> None:
    before, page = stack.rows(), _page(stack)
    next_version = _next_version(tmp_path)
    crowd = people.crowd(8)
    room = people.room(crowd)
    clients = [people.client(person) for person in crowd]
    async with opened(clients, room):
        async with talking(clients, [room]):
            said = await asyncio.to_thread(stack.command, "deploy", "--root", str(next_version))
        assert f"The code in {next_version} serves." in said
        await people.settle(room, clients)
        await people.assert_right(clients)
    after = stack.rows()
    gone = {row.pid for name, row in before.items() if name.startswith(("web-", "realtime-"))}
    assert not gone & {row.pid for row in after.values()}
    assert len(after) == len(before)
    # A page from before still finds all that it names; the new one names what has changed.
    changed = _sheets(_page(stack)) - _sheets(page)
    assert len(changed) == 1
    for sheet in _sheets(page) | changed:
        assert await asyncio.to_thread(_get, stack, sheet)
    stack.command("deploy", "--root", str(ROOT))


def test_a_folder_without_hubbub_is_refused(stack: RunningStack, tmp_path: Path) -> None:
    refused = stack.attempt("deploy", "--root", str(tmp_path))
    assert refused.returncode == 1
    assert refused.stderr.strip() == f"There is no Hubbub in {tmp_path}."


def _next_version(folder: Path) -> Path:
    """Return a copy of the code with a stylesheet that differs."""
    root = folder / "next"
    ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
    for name in ("app", "deploy"):
        shutil.copytree(ROOT / name, root / name, ignore=ignored)
    shutil.copy(ROOT / "requirements.txt", root)
    sheet = root / "app/hubbub/web/static/hubbub/css/pages.css"
    sheet.write_text(sheet.read_text() + "\n/* The next version. */\n")
    return root


def _page(stack: RunningStack) -> str:
    return _get(stack, "/accounts/login/")


def _get(stack: RunningStack, path: str) -> str:
    with urllib.request.urlopen(f"http://{stack.address}{path}") as answer:
        return str(answer.read().decode())


def _sheets(page: str) -> set[str]:
    return set(re.findall(r'rel="stylesheet" href="([^"]+)"', page))
