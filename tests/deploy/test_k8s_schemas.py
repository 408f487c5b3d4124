"""The manifests are what Kubernetes takes, and checkov minds nothing that is not explained.

Both look at every combination that the README names: at each different resource, and at each whole.
"""

import json
import re
from pathlib import Path

import pytest
import yaml

from tests.deploy.engine import call, checked, tool
from tests.deploy.kustomize import K8S, combinations

# The oldest that the README names, and the newest that kubernetes-validate knows.
VERSIONS = ("1.30", "1.37")
# Kinds of others, whose schemas are not among Kubernetes' own.
FOREIGN = {"Gateway", "HTTPRoute", "PrometheusRule", "ServiceMonitor"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a file for each combination."""
    folder = tmp_path_factory.mktemp("manifests")
    for build in combinations():
        (folder / f"{build}.yaml").write_text(build.text)
    return folder


@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_takes_every_resource(tmp_path: Path, version: str) -> None:
    file = tmp_path / "different.yaml"
    different = list(
        {yaml.safe_dump(one): one for build in combinations() for one in build.resources}.values()
    )
    file.write_text(yaml.safe_dump_all(different))
    done = call([tool("kubernetes-validate"), "--strict", "-k", version, str(file)])
    said = checked(done) + done.stderr
    unknown = set(re.findall(r"find schema for kind (\w+)", said))
    assert unknown == FOREIGN
    looked_at = len(re.findall(r"^INFO .* passed for resource", said, re.MULTILINE))
    assert looked_at == sum(one["kind"] not in FOREIGN for one in different) > 40


def test_the_readme_names_the_oldest_version_and_what_no_schema_was_held_against() -> None:
    readme = (K8S / "README.md").read_text()
    assert f"Kubernetes {VERSIONS[0]} or newer" in readme
    assert f"schemas of Kubernetes {' and '.join(VERSIONS)}" in readme
    [left_out] = re.findall(r"not among Kubernetes' own: (.*?);", readme, re.DOTALL)
    assert set(re.findall(r"[A-Z]\w+", left_out)) == FOREIGN


def test_checkov_minds_nothing_that_is_not_explained(folder: Path) -> None:
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
