"""The static files of a release are collected once, together with those of earlier releases."""

import os
from pathlib import Path

import pytest

from scripts.stack.state_directory import StateDirectory
from scripts.stack.static import MARKER, ensure_collected, remove_old


@pytest.fixture
def state(tmp_path: Path) -> StateDirectory:
    return StateDirectory(tmp_path)


async def test_a_release_keeps_files_of_earlier_releases(
    state: StateDirectory, tmp_path: Path
) -> None:
    await collected(state, tmp_path / "code", 1)
    last = await collected(state, tmp_path / "code", 2)
    assert {path.name for path in last.iterdir()} == {"1.css", "2.css", MARKER}


async def test_the_last_three_releases_are_kept(state: StateDirectory, tmp_path: Path) -> None:
    made = [await collected(state, tmp_path / "code", version) for version in (1, 2, 3, 4)]
    remove_old(state)
    assert set((state / "static").iterdir()) == set(made[1:])


async def test_a_reused_release_counts_as_the_latest(state: StateDirectory, tmp_path: Path) -> None:
    made = [await collected(state, tmp_path / "code", version) for version in (1, 2, 3, 1, 4)]
    remove_old(state)
    assert set((state / "static").iterdir()) == {made[0], made[2], made[4]}


async def collected(state: StateDirectory, root: Path, version: int) -> Path:
    """Collect a release's static file. Each file gets a later time than the one before."""
    settings = root / "app/hubbub/settings.py"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text(f"VERSION = {version}")
    (root / "requirements.txt").touch()

    async def collect(made: Path) -> None:
        (made / f"{version}.css").touch()

    for mark in (state / "static").glob(f"*/{MARKER}"):
        earlier = mark.stat().st_mtime_ns - 10**9
        os.utime(mark, ns=(earlier, earlier))
    return await ensure_collected(state, root, collect)
