"""Runs the base of deploy/k8s without a cluster: each workload by `podman play kube`.

A podman network replaces the cluster's network; its DNS server resolves the names of the Services.
Postgres and Redis run as plain containers. `playable` changes what podman needs in a different
form; everything else (images, commands, variables, users, capabilities, read-only file systems,
ConfigMaps) is used as built.
"""

import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import yaml

from loadtests.lib.servers import cluster
from loadtests.lib.servers.process import HOST
from loadtests.lib.servers.stack import wait_until
from loadtests.lib.servers.startable import Startable
from scripts.stack.ports import free_port
from tests.deploy.platforms.compose import answers
from tests.deploy.platforms.engine import Engine, failure
from tests.deploy.platforms.kustomize import Build, Resource, Workload

POSTGRES, REDIS, NGINX = "postgres:17", "redis:8", "nginx:1.28"
OUR_IMAGE = "localhost/hubbub:"  # the image's name in the overlay
WORLD_WRITABLE = 0o777
NAMESPACE = "hubbub"
REPLICAS = ("realtime-1", "realtime-2")
WORKLOADS = (*REPLICAS, "web", "nginx")
START_SECONDS = 60
# These keys are removed: the tests send the probes themselves, and podman would publish every port
# on all interfaces.
REMOVED_KEYS = ("startupProbe", "livenessProbe", "readinessProbe", "lifecycle", "ports")


@dataclass(frozen=True)
class Substitute:
    """What replaces the cluster's resources when podman runs a workload."""

    name: str  # prefix for all podman objects, whose names are global
    folder: Path
    image: str
    published: Mapping[str, int]  # by workload: its port on this machine

    def folder_for(self, name: str) -> str:
        path = self.folder / name
        path.mkdir(exist_ok=True)
        path.chmod(WORLD_WRITABLE)
        return str(path)


class Played(Startable):
    def __init__(self, engine: Engine, image: str) -> None:
        if engine.name != "podman":
            raise failure("Running the manifests needs podman; no other engine can.")
        self.engine = engine
        self.folder = Path(mkdtemp(prefix="hubbub-played-"))
        self.folder.chmod(0o711)
        self.port = free_port()
        self.name = self.folder.name.replace("_", "")
        self.substitute = Substitute(self.name, self.folder, image, {"nginx": self.port})
        self.build = Build("local")
        self.environment: dict[str, str] = {}

    @property
    def address(self) -> str:
        return f"{HOST}:{self.port}"

    def start(self) -> None:
        self.engine.need(POSTGRES, REDIS, NGINX)
        self.engine.run("network", "create", self.name)
        self._start_data()
        self._configure()
        self._run_to_completion(self.workload("migrate").pod["containers"][0])
        # `realtime` has the same init container.
        [wait] = self.workload("web").pod["initContainers"]
        self._run_to_completion(wait)
        for name in WORKLOADS:
            self._play(name)
        wait_until(
            lambda: all(self.is_ready(name) for name in (*REPLICAS, "web", "nginx")), START_SECONDS
        )

    def workload(self, name: str) -> Workload:
        kind = name.partition("-")[0]
        [found] = [one for one in self.build.workloads if one.name == kind]
        return found

    def container(self, name: str) -> str:
        return f"{self.name}-{name}-pod-0-{self.workload(name).main['name']}"

    def inspect(self, name: str) -> Any:
        return json.loads(self.engine.run("container", "inspect", self.container(name)))[0]

    def probes(self, name: str) -> Iterator[bool]:
        """Send the probes that Kubernetes would send. Yield for each whether it succeeded."""
        workload = self.workload(name)
        for kind in ("livenessProbe", "readinessProbe"):
            probe = workload.main[kind]["httpGet"]
            host = self._host_of(self.container(name))
            yield answers(host, workload.ports[probe["port"]], probe["path"])

    def is_ready(self, name: str) -> bool:
        return all(self.probes(name))

    def variable(self, name: str) -> str:
        return self.environment[name]

    def manage(self, *arguments: str, input: str | None = None) -> str:
        """Run manage.py on this machine with the deployment's settings; return its output."""
        inherited = {name: os.environ[name] for name in cluster.INHERITED & os.environ.keys()}
        return cluster.manage(inherited | self.environment, *arguments, input=input)

    def close(self) -> None:
        """Stop everything. Fail if anything is left behind."""
        try:
            for pod in self._listed("pod", "ls", "--format", "{{.Name}}"):
                self.engine.run("pod", "rm", "--force", "--time=0", pod)
            for container in self._listed("ps", "--all", "--format", "{{.Names}}"):
                self.engine.run("rm", "--force", "--time=0", "--volumes", container)
            for volume in self._listed("volume", "ls", "--format", "{{.Name}}"):
                self.engine.run("volume", "rm", volume)
            for network in self._listed("network", "ls", "--format", "{{.Name}}"):
                self.engine.run("network", "rm", network)
        finally:
            shutil.rmtree(self.folder)

    def _start_data(self) -> None:
        password = secrets.token_hex(16)
        named = {"POSTGRES_USER": "hubbub", "POSTGRES_PASSWORD": password}
        self._run_data(POSTGRES, "postgres", named)
        self._run_data(REDIS, "redis", {})
        at = {name: self._host_of(f"{self.name}-{name}") for name in ("postgres", "redis")}
        self.environment = {
            "SECRET_KEY": secrets.token_urlsafe(40),
            "DATABASE_URL": f"postgres://hubbub:{password}@{at['postgres']}:5432/hubbub",
            "REDIS_URL": f"redis://{at['redis']}:6379/0",
            "PUBLIC_URL": f"http://{self.address}",
        }
        folder = Path(self.substitute.folder_for("secret"))
        for name in ("SECRET_KEY", "DATABASE_URL", "REDIS_URL"):
            (folder / name).write_text(self.environment[name])
        ready = ("exec", f"{self.name}-postgres", "pg_isready", "--quiet", "--host=127.0.0.1")
        wait_until(lambda: self.engine.attempt(*ready).returncode == 0, START_SECONDS)

    def _run_data(self, image: str, name: str, variables: Mapping[str, str]) -> None:
        flags = [part for each in variables.items() for part in ("--env", "=".join(each))]
        self.engine.run(
            "run",
            "--detach",
            f"--name={self.name}-{name}",
            *self._network_flags(name),
            *flags,
            image,
        )

    def _configure(self) -> None:
        """Change the settings that differ here, as an overlay would."""
        self.build.one("ConfigMap", "hubbub")["data"]["PUBLIC_URL"] = self.environment["PUBLIC_URL"]

    def _play(self, name: str) -> None:
        workload = self.workload(name)
        documents = playable(workload.resource, self.build.of_kind("ConfigMap"), self.substitute)
        documents[-1]["metadata"]["name"] = f"{self.name}-{name}"
        service = f"{workload.name}.{NAMESPACE}.svc.cluster.local"
        self.engine.run(
            "play", "kube", *self._network_flags(service), "-", input=yaml.safe_dump_all(documents)
        )

    def _run_to_completion(self, container: Resource) -> None:
        """Run the command of a Job or an init container as a pod, because podman ignores Jobs."""
        spec = self.workload("migrate").pod | {
            "containers": [container],
            "restartPolicy": "Never",
        }
        metadata = {"name": f"{self.name}-job"}
        job = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
        documents = playable(job, self.build.of_kind("ConfigMap"), self.substitute)
        self.engine.run(
            "play", "kube", *self._network_flags("job"), "-", input=yaml.safe_dump_all(documents)
        )
        name = f"{self.name}-job-{container['name']}"
        code = self.engine.run("wait", name).strip()
        logs = self.engine.attempt("logs", name)
        assert code == "0", logs.stdout + logs.stderr
        self.engine.run("pod", "rm", "--force", "--time=0", f"{self.name}-job")

    def _network_flags(self, alias: str) -> Sequence[str]:
        return ("--network", f"{self.name}:alias={alias}")

    def _host_of(self, container: str) -> str:
        [found] = json.loads(self.engine.run("container", "inspect", container))
        return str(found["NetworkSettings"]["Networks"][self.name]["IPAddress"])

    def _listed(self, *arguments: str) -> list[str]:
        printed = self.engine.run(*arguments)
        return [line for line in printed.splitlines() if line.startswith(self.name)]


def playable(
    resource: Resource, maps: Sequence[Resource], substitute: Substitute
) -> list[Resource]:
    """Return the ConfigMaps and the Deployment or Pod in a form that podman 4.3 accepts."""
    resource, maps = deepcopy(resource), deepcopy(list(maps))
    for one in maps:  # podman makes volumes of the ConfigMaps, and names of volumes are global
        one["metadata"]["name"] = f"{substitute.name}-{one['metadata']['name']}"
    pod = resource["spec"]
    if resource["kind"] == "Deployment":
        pod["replicas"] = 1
        pod = pod["template"]["spec"]
    pod.pop("initContainers", None)  # podman would restart them with the pod
    for volume in pod["volumes"]:
        _substitute_volume(volume, substitute)
    [container] = pod["containers"]
    _substitute_container(container, maps, substitute)
    return [*maps, resource]


def _substitute_volume(volume: Resource, substitute: Substitute) -> None:
    if "configMap" in volume:
        volume["configMap"]["name"] = f"{substitute.name}-{volume['configMap']['name']}"
        return
    # podman's Secrets are global, and its emptyDir belongs to root and is shared between pods.
    folder = "secret" if volume.pop("secret", None) else f"{volume['name']}-{secrets.token_hex(4)}"
    volume.pop("emptyDir", None)
    volume["hostPath"] = {"path": substitute.folder_for(folder), "type": "Directory"}


def _substitute_container(
    container: Resource, maps: Sequence[Resource], substitute: Substitute
) -> None:
    name, ports = container["name"], container.get("ports", [])
    for key in REMOVED_KEYS:
        container.pop(key, None)
    if name in substitute.published:
        [port] = ports
        published = {"hostPort": substitute.published[name], "hostIP": HOST}
        container["ports"] = [{"containerPort": port["containerPort"], **published}]
    if container["image"].startswith(OUR_IMAGE):
        container["image"] = substitute.image
    for source in container["envFrom"]:
        source["configMapRef"]["name"] = f"{substitute.name}-{source['configMapRef']['name']}"
    _fill_variables(container.get("env", []), maps)


def _fill_variables(variables: Sequence[Resource], maps: Sequence[Resource]) -> None:
    """Insert the namespace into variables, and let `env` override `envFrom`, as Kubernetes does."""
    for one in variables:
        if one.pop("valueFrom", None):
            one["value"] = NAMESPACE
        one["value"] = one["value"].replace("$(NAMESPACE)", NAMESPACE)
        for each in maps:
            each["data"].pop(one["name"], None)
