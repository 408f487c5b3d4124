"""PostgreSQL's user can enter the stack's directory, but only its owner can list it."""

import os
import stat
from pathlib import Path

import pytest

from scripts.stack import state_directory
from scripts.stack.state_directory import StateDirectory


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_new_directories_let_others_pass_only(tmp_path: Path) -> None:
    StateDirectory(tmp_path / "data/stack").create()
    assert mode(tmp_path / "data") & 0o066 == mode(tmp_path / "data/stack") & 0o066 == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as another user")
def test_root_lets_postgres_pass_through_the_private_data_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state_directory, "DEFAULT_PATH", tmp_path / "data/stack")
    (tmp_path / "data").mkdir(mode=0o700)
    StateDirectory(tmp_path / "elsewhere/stack").create()
    assert mode(tmp_path / "data") == 0o700
    StateDirectory(tmp_path / "data/stack").create()
    assert mode(tmp_path / "data") == 0o711
