"""The manifests match Kubernetes's schemas, and checkov finds only explained exceptions.

Both cover every combination in the README. The schemas apply to each resource, and checkov sees a
combination as a whole.
"""

import json
import re
from pathlib import Path

import pytest
import yaml

from tests.deploy.platforms.engine import call, checked, tool
from tests.deploy.platforms.kustomize import K8S, combinations

# The oldest version in the README, and the newest that kubernetes-validate knows.
VERSIONS = ("1.30", "1.37")
# Kinds from other projects, for which Kubernetes has no schemas.
FOREIGN = {"Gateway", "HTTPRoute", "PrometheusRule", "ServiceMonitor"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a file for each combination."""
    folder = tmp_path_factory.mktemp("manifests")
    for build in combinations():
        (folder / f"{build}.yaml").write_text(build.text)
    return folder


@pytest.mark.parametrize("version", VERSIONS)
def test_every_resource_matches_its_schema(tmp_path: Path, version: str) -> None:
    file = tmp_path / "different.yaml"
    different = list(
        {yaml.safe_dump(one): one for build in combinations() for one in build.resources}.values()
    )
    file.write_text(yaml.safe_dump_all(different))
    done = call([tool("kubernetes-validate"), "--strict", "-k", version, str(file)])
    output = checked(done) + done.stderr
    unknown = set(re.findall(r"find schema for kind (\w+)", output))
    assert unknown == FOREIGN
    checked_resources = len(re.findall(r"^INFO .* passed for resource", output, re.MULTILINE))
    assert checked_resources == sum(one["kind"] not in FOREIGN for one in different) > 40


def test_the_readme_names_the_versions_and_the_kinds_without_schemas() -> None:
    readme = (K8S / "README.md").read_text()
    assert f"Kubernetes {VERSIONS[0]} or newer" in readme
    assert f"schemas of Kubernetes {' and '.join(VERSIONS)}" in readme
    [left_out] = re.findall(r"not among Kubernetes' own: (.*?);", readme, re.DOTALL)
    assert set(re.findall(r"[A-Z]\w+", left_out)) == FOREIGN


def test_checkov_finds_only_explained_exceptions(folder: Path) -> None:
    flags = ("--framework=kubernetes", "--skip-download", "--quiet", "--compact", "--output=json")
    done = call([tool("checkov"), *flags, f"--directory={folder}"])
    report = json.loads(done.stdout)
    found = [
        f"{one['check_id']} {one['check_name']}: {one['resource']} in {one['file_path']}"
        for one in report["results"]["failed_checks"]
    ]
    assert not found
    assert report["summary"]["passed"] > 500
    assert not report["summary"]["parsing_errors"]
    for one in report["results"].get("skipped_checks", []):
        assert len(one["check_result"]["suppress_comment"].split()) > 5, one["resource"]
