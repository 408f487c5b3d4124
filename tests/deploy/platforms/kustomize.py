"""Builds the combinations of deploy/k8s that its README lists, and gives access to their resources.

Uses kustomize or kubectl, whichever is installed, otherwise kubectl from an image.
"""

import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from loadtests.lib.servers.process import ROOT
from tests.deploy.platforms.engine import call, checked, failure, find_engine

K8S = ROOT / "deploy/k8s"
KUBECTL_IMAGE = "localhost/kubectl"
COMBINATION = re.compile(r"^\| `(local|production)` \|([^|]*)\|$", re.MULTILINE)

Resource = dict[str, Any]


@dataclass(frozen=True)
class Build:
    """One combination, as `kubectl apply -k` would apply it."""

    overlay: str
    components: Sequence[str] = ()

    def __str__(self) -> str:
        return "+".join([self.overlay, *self.components])

    @cached_property
    def text(self) -> str:
        with TemporaryDirectory(prefix="hubbub-k8s-") as folder:
            (Path(folder) / "kustomization.yaml").write_text(yaml.safe_dump(self._copy(folder)))
            return kustomize(folder)

    @cached_property
    def resources(self) -> list[Resource]:
        return list(yaml.safe_load_all(self.text))

    def of_kind(self, *kinds: str) -> list[Resource]:
        return [one for one in self.resources if one["kind"] in kinds]

    def one(self, kind: str, name: str) -> Resource:
        """Return a resource by its name in the source, without the hash that the build appends."""
        pattern = re.compile(rf"{re.escape(name)}(-[0-9a-z]{{10}})?")
        [found] = [one for one in self.of_kind(kind) if pattern.fullmatch(one["metadata"]["name"])]
        return found

    @property
    def workloads(self) -> Iterator["Workload"]:
        for resource in self.resources:
            if template := _template(resource):
                yield Workload(resource, template)

    def _copy(self, folder: str) -> Resource:
        """Return a copy of the overlay, with the added components and with paths from `folder`."""
        home = K8S / "overlays" / self.overlay
        copy: Resource = yaml.safe_load((home / "kustomization.yaml").read_text())
        added = [f"../../components/{name}" for name in self.components]
        for kind, paths in (("resources", []), ("components", added)):
            copy[kind] = [os.path.relpath(home / path, folder) for path in [*copy[kind], *paths]]
        return copy


@dataclass(frozen=True)
class Workload:
    """A resource that creates pods, with its pod template."""

    resource: Resource
    template: Resource

    @property
    def name(self) -> str:
        return str(self.resource["metadata"]["name"])

    @property
    def labels(self) -> Mapping[str, str]:
        labels: Mapping[str, str] = self.template["metadata"]["labels"]
        return labels

    @property
    def pod(self) -> Resource:
        pod: Resource = self.template["spec"]
        return pod

    @property
    def containers(self) -> list[Resource]:
        return [*self.pod.get("initContainers", []), *self.pod["containers"]]

    @property
    def main(self) -> Resource:
        [container] = self.pod["containers"]
        assert isinstance(container, dict)
        return container

    @property
    def ports(self) -> Mapping[str, int]:
        return {port["name"]: port["containerPort"] for port in self.main.get("ports", [])}


@cache
def combinations() -> list[Build]:
    """Return the combinations that the README lists."""
    rows = COMBINATION.findall((K8S / "README.md").read_text())
    return [Build(overlay, tuple(re.findall(r"`(\w+)`", names))) for overlay, names in rows]


def kustomize(folder: str) -> str:
    if shutil.which("kustomize"):
        return checked(call(["kustomize", "build", folder]))
    if shutil.which("kubectl"):
        return checked(call(["kubectl", "kustomize", folder]))
    engine = find_engine()
    if not engine.has_image(KUBECTL_IMAGE):
        raise failure(f"kustomize, kubectl and the image {KUBECTL_IMAGE} are missing.")
    mounts = [part for path in (folder, ROOT) for part in ("--volume", f"{path}:{path}:ro")]
    return engine.run(
        "run", "--rm", "--network=none", *mounts, KUBECTL_IMAGE, "kubectl", "kustomize", folder
    )


def _template(resource: Resource) -> Resource | None:
    spec = resource.get("spec", {})
    if resource["kind"] == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    template: Resource | None = spec.get("template")
    return template
