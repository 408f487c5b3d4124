"""Only the owner may read the files of SQLite and of the embedded default."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from hubbub import private_files
from loadtests.lib.servers.process import ROOT

WRITE = """
from django.db import connection
connection.ensure_connection()
with connection.cursor() as cursor:
    cursor.execute("CREATE TABLE IF NOT EXISTS one (number)")
    cursor.execute("INSERT INTO one VALUES (1)")
    import os
    from django.conf import settings
    path = str(settings.DATABASES["default"]["NAME"])
    print(sorted(os.path.basename(path) + each for each in ("", "-wal", "-shm")
          if os.stat(path + each).st_mode & 0o077 == 0))
"""
FILES = ("secret_key", "hubbub.sqlite3", "hubbub.sqlite3-wal", "hubbub.sqlite3-shm")


def manage(
    directory: Path, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run `manage.py` with a umask that lets others read and write everything."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "app/manage.py"), *arguments],
        env={"PATH": os.environ["PATH"], "DATA_DIR": str(directory), **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        umask=0,
    )
    assert done.returncode == 0, done.stderr
    return done


def write(directory: Path, **environment: str) -> str:
    """Write to the database. Return the names of its open files that are private."""
    return manage(directory, "shell", "--no-imports", "--command", WRITE, **environment).stdout


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_embedded_default_creates_private_files(tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert all(name in write(data) for name in FILES[1:])
    assert mode(data) == 0o700
    assert {mode(path) for path in data.iterdir()} == {0o600}


def test_a_sqlite_database_of_another_path_is_private(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/chat.sqlite3"
    shown = write(tmp_path, DATABASE_URL=url, SECRET_KEY="k")
    assert shown.strip() == "['chat.sqlite3', 'chat.sqlite3-shm', 'chat.sqlite3-wal']"


def test_an_older_installation_becomes_private_and_says_so_once(tmp_path: Path) -> None:
    data = tmp_path / "data"
    write(data)
    (data / "hubbub.sqlite3-wal").touch()
    data.chmod(0o755)
    for path in data.iterdir():
        path.chmod(0o644)
    first = manage(data, "check").stderr
    assert mode(data) == 0o700
    assert {mode(path) for path in data.iterdir()} == {0o600}
    assert first.count("Other users of this machine could read these") == 1
    assert str(data / "secret_key") in first
    assert "Other users" not in manage(data, "check").stderr


@pytest.mark.parametrize("strict", [0o400, 0o600])
def test_no_mode_is_loosened(tmp_path: Path, strict: int) -> None:
    path = tmp_path / "file"
    path.touch(strict)
    private_files.tighten(None, [path])
    assert mode(path) == strict


def test_users_may_pass_through_a_directory_but_not_list_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tmp_path.chmod(0o711)
    private_files.tighten(tmp_path, [])
    assert mode(tmp_path) == 0o711
    assert not caplog.records
    tmp_path.chmod(0o751)
    private_files.tighten(tmp_path, [])
    assert mode(tmp_path) == 0o700


def test_a_shared_directory_stays_shared(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    private_files.tighten(tmp_path, [])
    assert mode(tmp_path) == 0o1777
