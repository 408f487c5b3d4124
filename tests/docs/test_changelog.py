"""The changelog has a section for the current version, and old names are used only there."""

import re
from functools import cache
from itertools import chain

import pytest

from hubbub.version import RELEASE
from loadtests.lib.servers.process import ROOT
from tests.docs.markdown import tracked_files

CHANGELOG = ROOT / "CHANGELOG.md"
TEXT = {".py", ".md", ".yml", ".yaml", ".json", ".toml", ".env", ".js", ".html", ""}


@cache
def renames() -> list[tuple[str, str]]:
    """Return the rows "| `old` | `new` |" of the upgrade notes."""
    return re.findall(r"^\| `(\w+)` \| `(\w+)` \|$", CHANGELOG.read_text(), re.MULTILINE)


@cache
def words() -> set[str]:
    """Return all words of the repository's text files, except those of the changelog."""
    files = [path for path in tracked_files() if path.suffix in TEXT and path != CHANGELOG]
    return set(chain.from_iterable(re.findall(r"\w+", path.read_text()) for path in files))


def test_it_lists_renames() -> None:
    assert len(renames()) > 10


@pytest.mark.parametrize(("old", "new"), renames())
def test_the_old_name_is_gone_and_the_new_name_exists(old: str, new: str) -> None:
    assert not {old, old.removesuffix("_total")} & words()
    assert {new, new.removesuffix("_total")} & words()


def test_unreleased_changes_come_first_and_the_current_version_next() -> None:
    headings = re.findall(r"^## (.+)$", CHANGELOG.read_text(), re.MULTILINE)
    assert headings[0] == "[Unreleased]"
    assert re.fullmatch(rf"\[{re.escape(RELEASE)}\] - \d{{4}}-\d{{2}}-\d{{2}}", headings[1])


def test_the_image_and_the_manifests_have_the_same_version() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert f'org.opencontainers.image.version="{RELEASE}"' in dockerfile
    overlay = (ROOT / "deploy/k8s/overlays/production/kustomization.yaml").read_text()
    assert set(re.findall(r"newTag: (\S+)", overlay)) == {RELEASE}
