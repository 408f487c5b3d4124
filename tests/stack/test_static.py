"""Static files of several versions: collected once, beside those of the versions before."""

import os
from pathlib import Path

import pytest

from scripts.stack.state_directory import StateDirectory
from scripts.stack.static import MARKER, ensure_collected, remove_old


@pytest.fixture
def folder(tmp_path: Path) -> StateDirectory:
    return StateDirectory(tmp_path)


async def test_a_version_keeps_files_of_earlier_versions(
    folder: StateDirectory, tmp_path: Path
) -> None:
    await collected(folder, tmp_path / "code", 1)
    last = await collected(folder, tmp_path / "code", 2)
    assert {path.name for path in last.iterdir()} == {"1.css", "2.css", MARKER}


async def test_the_last_three_versions_are_kept(folder: StateDirectory, tmp_path: Path) -> None:
    made = [await collected(folder, tmp_path / "code", version) for version in (1, 2, 3, 4)]
    remove_old(folder)
    assert set((folder / "static").iterdir()) == set(made[1:])


async def test_a_reused_version_counts_as_the_latest(
    folder: StateDirectory, tmp_path: Path
) -> None:
    made = [await collected(folder, tmp_path / "code", version) for version in (1, 2, 3, 1, 4)]
    remove_old(folder)
    assert set((folder / "static").iterdir()) == {made[0], made[2], made[4]}


async def collected(folder: StateDirectory, root: Path, version: int) -> Path:
    """Collect what a version has, each later than the one before."""
    settings = root / "app/hubbub/settings.py"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text(f"VERSION = {version}")
    (root / "requirements.txt").touch()

    async def collect(made: Path) -> None:
        (made / f"{version}.css").touch()

    for mark in (folder / "static").glob(f"*/{MARKER}"):
        earlier = mark.stat().st_mtime_ns - 10**9
        os.utime(mark, ns=(earlier, earlier))
    return await ensure_collected(folder, root, collect)
