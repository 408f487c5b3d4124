"""The version names the revision of the running code, wherever the code comes from."""

import subprocess
from pathlib import Path

import pytest
from django.conf import settings

from hubbub import version
from hubbub.version import RELEASE, find_revision

REVISION = "1a2b3c4d" * 5


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A git repository with one commit, on the branch main."""
    repository = tmp_path / "checkout"
    git(tmp_path, "init", "--quiet", "--initial-branch=main", str(repository))
    commit(repository)
    return repository


def test_a_checkout_has_the_commit_of_its_branch(checkout: Path) -> None:
    assert revision_of(checkout) == git(checkout, "rev-parse", "HEAD")


def test_the_revision_follows_a_new_commit(checkout: Path) -> None:
    before = revision_of(checkout)
    commit(checkout)
    assert revision_of(checkout) == git(checkout, "rev-parse", "HEAD") != before


def test_packed_references_are_read(checkout: Path) -> None:
    git(checkout, "pack-refs", "--all")
    assert not (checkout / ".git/refs/heads/main").exists()
    assert revision_of(checkout) == git(checkout, "rev-parse", "HEAD")


def test_a_detached_head_is_read(checkout: Path) -> None:
    git(checkout, "checkout", "--quiet", "--detach")
    assert revision_of(checkout) == git(checkout, "rev-parse", "HEAD")


@pytest.mark.parametrize("packed", [False, True])
def test_a_worktree_has_the_commit_of_its_own_branch(
    checkout: Path, tmp_path: Path, packed: bool
) -> None:
    worktree = tmp_path / "worktree"
    git(checkout, "worktree", "add", "--quiet", "-b", "feature", str(worktree))
    commit(worktree)
    if packed:
        git(checkout, "pack-refs", "--all")
    assert revision_of(worktree) == git(worktree, "rev-parse", "HEAD")
    assert revision_of(worktree) != revision_of(checkout)


def test_the_file_of_an_image_comes_first(checkout: Path, tmp_path: Path) -> None:
    file = tmp_path / "REVISION"
    file.write_text(f"{REVISION}\n")
    assert find_revision(file, {"SOURCE_VERSION": "2" * 40}, checkout) == REVISION


def test_heroku_names_the_revision_in_the_environment(checkout: Path, tmp_path: Path) -> None:
    for name in ("HEROKU_BUILD_COMMIT", "HEROKU_SLUG_COMMIT", "SOURCE_VERSION"):
        assert find_revision(tmp_path / "missing", {name: REVISION}, checkout) == REVISION


def test_a_value_that_is_no_revision_is_passed_over(checkout: Path, tmp_path: Path) -> None:
    file = tmp_path / "REVISION"
    file.write_bytes(b"\xff\n")
    environment = {"SOURCE_VERSION": "a tag"}
    assert find_revision(file, environment, checkout) == git(checkout, "rev-parse", "HEAD")


@pytest.mark.parametrize(
    "head", ["", "ref: refs/heads/none", "ref: ", "not a hash", "gitdir: nowhere"]
)
def test_a_broken_repository_has_no_revision(tmp_path: Path, head: str) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git/HEAD").write_text(head)
    assert revision_of(tmp_path) == ""


def test_without_a_repository_there_is_no_revision(tmp_path: Path) -> None:
    assert revision_of(tmp_path) == ""
    (tmp_path / ".git").write_text("gitdir: /nowhere/at/all")
    assert revision_of(tmp_path) == ""


def test_the_version_is_the_release_and_the_short_revision(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "REVISION"
    monkeypatch.setattr(version, "REVISION_FILE", file)
    monkeypatch.setattr(version, "CHECKOUT", tmp_path)
    assert version.read_version() == RELEASE
    file.write_text(REVISION)
    assert version.read_version() == f"{RELEASE}+g1a2b3c4d"


def test_settings_have_the_version_of_this_code() -> None:
    assert version.read_version() == settings.VERSION


def revision_of(checkout: Path) -> str:
    return find_revision(checkout / "no such file", {}, checkout)


def commit(checkout: Path) -> None:
    who = ("-c", "user.name=Alice", "-c", "user.email=alice@example.org")
    git(checkout, *who, "commit", "--quiet", "--allow-empty", "--message", "Change something")


def git(folder: Path, *arguments: str) -> str:
    command = ["git", *arguments]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()
