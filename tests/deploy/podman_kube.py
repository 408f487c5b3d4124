"""The base of deploy/k8s without a cluster: each workload played by `podman play kube`.

A network of podman is the cluster's: its DNS knows a workload by its Service's name. Postgres and
Redis stand beside it. `playable` says what podman needs told in another way than Kubernetes; all
the rest (images, commands, variables, users, capabilities, read-only file systems, ConfigMaps) is
played as it is built.
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
from tests.deploy.compose import answers
from tests.deploy.engine import Engine, lacking
from tests.deploy.kustomize import Build, Resource, Workload

POSTGRES, REDIS, NGINX = "postgres:17", "redis:8", "nginx:1.28"
OURS = "localhost/hubbub:"  # whatever the overlay calls it
ANYBODY = 0o777
NAMESPACE = "hubbub"
REPLICAS = ("realtime-1", "realtime-2")
EVERYBODY = (*REPLICAS, "web", "nginx")
START_SECONDS = 60
# podman has health checks and restarts of its own; the tests ask the probes themselves.
LEFT_OUT = ("startupProbe", "livenessProbe", "readinessProbe", "lifecycle", "ports")


@dataclass(frozen=True)
class Ground:
    """What stands in for the cluster that a workload is played on."""

    name: str  # what everything is named after that podman has once for the whole machine
    folder: Path
    image: str
    published: Mapping[str, int]  # workload: the port of this machine that leads to it

    def folder_for(self, name: str) -> str:
        path = self.folder / name
        path.mkdir(exist_ok=True)
        path.chmod(ANYBODY)
        return str(path)


class Played(Startable):
    def __init__(self, engine: Engine, image: str) -> None:
        if engine.name != "podman":
            raise lacking("podman is needed to play the manifests: no other engine does.")
        self.engine = engine
        self.folder = Path(mkdtemp(prefix="hubbub-played-"))
        self.folder.chmod(0o711)
        self.port = free_port()
        self.name = self.folder.name.replace("_", "")
        self.ground = Ground(self.name, self.folder, image, {"nginx": self.port})
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
        self._run_to_its_end(self.workload("migrate").pod["containers"][0])
        [waits] = self.workload("web").pod["initContainers"]  # as that of realtime
        self._run_to_its_end(waits)
        for name in EVERYBODY:
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
        """Ask what Kubernetes would ask; yield for each probe whether it was answered well."""
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
        """Run manage.py as an operator would whose machine this is; return what it printed."""
        inherited = {name: os.environ[name] for name in cluster.INHERITED & os.environ.keys()}
        return cluster.manage(inherited | self.environment, *arguments, input=input)

    def close(self) -> None:
        """End it; what is left behind then is a failure."""
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
        self._stand(POSTGRES, "postgres", named)
        self._stand(REDIS, "redis", {})
        at = {name: self._host_of(f"{self.name}-{name}") for name in ("postgres", "redis")}
        self.environment = {
            "SECRET_KEY": secrets.token_urlsafe(40),
            "DATABASE_URL": f"postgres://hubbub:{password}@{at['postgres']}:5432/hubbub",
            "REDIS_URL": f"redis://{at['redis']}:6379/0",
            "PUBLIC_URL": f"http://{self.address}",
        }
        folder = Path(self.ground.folder_for("secret"))
        for name in ("SECRET_KEY", "DATABASE_URL", "REDIS_URL"):
            (folder / name).write_text(self.environment[name])
        ready = ("exec", f"{self.name}-postgres", "pg_isready", "--quiet", "--host=127.0.0.1")
        wait_until(lambda: self.engine.attempt(*ready).returncode == 0, START_SECONDS)

    def _stand(self, image: str, name: str, variables: Mapping[str, str]) -> None:
        told = [part for each in variables.items() for part in ("--env", "=".join(each))]
        self.engine.run(
            "run", "--detach", f"--name={self.name}-{name}", *self._joined(name), *told, image
        )

    def _configure(self) -> None:
        """Say what this place differs in, as an overlay would."""
        self.build.one("ConfigMap", "hubbub")["data"]["PUBLIC_URL"] = self.environment["PUBLIC_URL"]

    def _play(self, name: str) -> None:
        workload = self.workload(name)
        documents = playable(workload.resource, self.build.of_kind("ConfigMap"), self.ground)
        documents[-1]["metadata"]["name"] = f"{self.name}-{name}"
        service = f"{workload.name}.{NAMESPACE}.svc.cluster.local"
        self.engine.run(
            "play", "kube", *self._joined(service), "-", input=yaml.safe_dump_all(documents)
        )

    def _run_to_its_end(self, container: Resource) -> None:
        """Run a Job's or an init container's own command; podman ignores Jobs, and says nothing."""
        spec = self.workload("migrate").pod | {
            "containers": [container],
            "restartPolicy": "Never",
        }
        metadata = {"name": f"{self.name}-job"}
        job = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
        documents = playable(job, self.build.of_kind("ConfigMap"), self.ground)
        self.engine.run(
            "play", "kube", *self._joined("job"), "-", input=yaml.safe_dump_all(documents)
        )
        name = f"{self.name}-job-{container['name']}"
        code = self.engine.run("wait", name).strip()
        logs = self.engine.attempt("logs", name)
        assert code == "0", logs.stdout + logs.stderr
        self.engine.run("pod", "rm", "--force", "--time=0", f"{self.name}-job")

    def _joined(self, alias: str) -> Sequence[str]:
        return ("--network", f"{self.name}:alias={alias}")

    def _host_of(self, container: str) -> str:
        [found] = json.loads(self.engine.run("container", "inspect", container))
        return str(found["NetworkSettings"]["Networks"][self.name]["IPAddress"])

    def _listed(self, *arguments: str) -> list[str]:
        printed = self.engine.run(*arguments)
        return [line for line in printed.splitlines() if line.startswith(self.name)]


def playable(resource: Resource, maps: Sequence[Resource], ground: Ground) -> list[Resource]:
    """Return the ConfigMaps and the Deployment or Pod as podman 4.3 plays them."""
    resource, maps = deepcopy(resource), deepcopy(list(maps))
    for one in maps:  # they become volumes, of which the machine has one of a name
        one["metadata"]["name"] = f"{ground.name}-{one['metadata']['name']}"
    pod = resource["spec"]
    if resource["kind"] == "Deployment":
        pod["replicas"] = 1
        pod = pod["template"]["spec"]
    pod.pop("initContainers", None)  # podman starts them again and again, as it does the pod
    for volume in pod["volumes"]:
        _ground_volume(volume, ground)
    [container] = pod["containers"]
    _ground_container(container, maps, ground)
    return [*maps, resource]


def _ground_volume(volume: Resource, ground: Ground) -> None:
    if "configMap" in volume:
        volume["configMap"]["name"] = f"{ground.name}-{volume['configMap']['name']}"
        return
    # podman's Secrets are the machine's, and its emptyDir is root's, named as in every other pod.
    folder = "secret" if volume.pop("secret", None) else f"{volume['name']}-{secrets.token_hex(4)}"
    volume.pop("emptyDir", None)
    volume["hostPath"] = {"path": ground.folder_for(folder), "type": "Directory"}


def _ground_container(container: Resource, maps: Sequence[Resource], ground: Ground) -> None:
    name, ports = container["name"], container.get("ports", [])
    for key in LEFT_OUT:  # podman publishes every port, to the world
        container.pop(key, None)
    if name in ground.published:
        [port] = ports
        published = {"hostPort": ground.published[name], "hostIP": HOST}
        container["ports"] = [{"containerPort": port["containerPort"], **published}]
    if container["image"].startswith(OURS):
        container["image"] = ground.image
    for source in container["envFrom"]:
        source["configMapRef"]["name"] = f"{ground.name}-{source['configMapRef']['name']}"
    _fill_variables(container.get("env", []), maps)


def _fill_variables(variables: Sequence[Resource], maps: Sequence[Resource]) -> None:
    """Fill in the namespace, and have `env` count before `envFrom`, as Kubernetes does."""
    for one in variables:
        if one.pop("valueFrom", None):
            one["value"] = NAMESPACE
        one["value"] = one["value"].replace("$(NAMESPACE)", NAMESPACE)
        for each in maps:
            each["data"].pop(one["name"], None)
