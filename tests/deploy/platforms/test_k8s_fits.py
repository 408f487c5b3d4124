"""The manifests match each other and the code, in every combination of the README.

These tests find mistakes that a cluster would show only at run time: unknown names, ports and
probes that no process serves, unknown variables, pods that are killed before their connections are
drained.
"""

import json
import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from functools import cache
from typing import Any

import pytest
import yaml

from hubbub.doctor.checks.connections import REPLICA_CONNECTIONS
from hubbub.realtime.http import probes as replica_probes
from hubbub.realtime.lifecycle.drain import FINISH_SECONDS
from hubbub.web import probes as web_probes
from loadtests.lib.servers.process import ROOT
from scripts import k8s_alerts
from scripts.stack import templates
from tests.conftest import HUBBUB_VARIABLES
from tests.deploy.platforms.kustomize import K8S, Build, Resource, Workload, combinations

NGINX = ROOT / "deploy/nginx"
SUPERUSER_CONNECTIONS = 3  # Postgres reserves these for superusers
SPARE_SECONDS = 5  # the part of a grace period that is left for a process to exit
PROBES = ("startupProbe", "livenessProbe", "readinessProbe")
COMPONENTS = {path.name for path in (K8S / "components").iterdir()}

every_build = pytest.mark.parametrize("build", combinations(), ids=str)


def test_the_readme_lists_every_component_and_each_is_built() -> None:
    menu = re.findall(r"^\| `components/(\w+)` \|", (K8S / "README.md").read_text(), re.MULTILINE)
    assert sorted(menu) == sorted(COMPONENTS)
    built = {name for build in combinations() for name in build.components}
    for overlay in ("local", "production"):
        file = yaml.safe_load((K8S / f"overlays/{overlay}/kustomization.yaml").read_text())
        built |= {path.rpartition("/")[2] for path in file["components"]}
    assert built == COMPONENTS


@every_build
def test_the_code_reads_every_variable(build: Build) -> None:
    data = build.one("ConfigMap", "hubbub")["data"]
    assert {name.removesuffix("_FILE") for name in data} <= set(HUBBUB_VARIABLES)
    known = templates.defaults(NGINX)
    assert build.one("ConfigMap", "nginx")["data"].keys() == known.keys()
    [nginx] = [one for one in build.workloads if one.name == "nginx"]
    assert {one["name"] for one in nginx.main["env"]} - {"NAMESPACE"} <= known.keys()


@every_build
def test_everything_that_pods_mount_or_name_exists(build: Build) -> None:
    for workload in build.workloads:
        for kind, name in named(workload):
            assert name in {one["metadata"]["name"] for one in build.of_kind(kind)}, workload.name
        volumes = {volume["name"] for volume in workload.pod.get("volumes", [])}
        volumes |= {
            one["metadata"]["name"]
            for one in workload.resource["spec"].get("volumeClaimTemplates", [])
        }
        mounted = {one["name"] for each in workload.containers for one in each["volumeMounts"]}
        assert mounted == volumes, workload.name


@every_build
def test_secrets_are_those_of_the_readme(build: Build) -> None:
    readme = (K8S / "README.md").read_text()
    data = build.one("ConfigMap", "hubbub")["data"]
    for name, path in data.items():
        if name.endswith("_FILE"):
            folder, _, key = path.rpartition("/")
            assert folder == "/run/secrets/hubbub"
            assert f"--from-literal={key}=" in readme
    for workload in build.workloads:
        for volume in workload.pod.get("volumes", []):
            if "secret" in volume:
                assert f"secret generic {volume['secret']['secretName']} " in readme


@every_build
def test_services_select_pods_and_ports(build: Build) -> None:
    services = build.of_kind("Service")
    assert services
    for service in services:
        pods = [one for one in build.workloads if matches(service["spec"]["selector"], one)]
        assert [pod.name for pod in pods] == [service["metadata"]["name"]]
        for port in service["spec"]["ports"]:
            assert port["targetPort"] in pods[0].ports


@every_build
def test_nginx_uses_the_names_and_ports_of_the_services(build: Build) -> None:
    [nginx] = [one for one in build.workloads if one.name == "nginx"]
    asked = {one["name"]: one.get("value") for one in nginx.main["env"]}
    for name, variable in (("web", "WEB_ADDRESS"), ("realtime", "REALTIME_ADDRESS")):
        service = build.one("Service", name)
        assert service["spec"]["clusterIP"] == "None", "nginx has to resolve each pod"
        [port] = service["spec"]["ports"]
        assert asked[variable] == f"{name}.$(NAMESPACE).svc.cluster.local:{port['port']}"


@every_build
def test_selectors_select_exactly_their_own_pods(build: Build) -> None:
    for workload in build.workloads:
        selector = workload.resource["spec"].get("selector")
        if selector is not None:
            chosen = [one.name for one in build.workloads if matches(selector["matchLabels"], one)]
            assert chosen == [workload.name]
    for budget in build.of_kind("PodDisruptionBudget"):
        labels = budget["spec"]["selector"]["matchLabels"]
        assert [one.name for one in build.workloads if matches(labels, one)] == [
            budget["metadata"]["name"]
        ]


@every_build
def test_processes_serve_their_probes(build: Build) -> None:
    answered = {
        "web": web_probes.PROBES.keys(),
        "realtime": replica_probes.PROBES.keys(),
        "nginx": set(re.findall(r"location = (\S+)", (NGINX / "server.conf.template").read_text())),
    }
    for workload in build.workloads:
        for probe in filter(None, map(workload.main.get, PROBES)):
            if "httpGet" in probe:
                assert probe["httpGet"]["path"] in answered[workload.name]
            if target := probe.get("httpGet") or probe.get("tcpSocket"):
                assert target["port"] in workload.ports
    for name in ("web", "realtime"):
        [workload] = [one for one in build.workloads if one.name == name]
        assert workload.main["readinessProbe"]["httpGet"]["path"] == "/readyz"
        assert workload.main["livenessProbe"]["httpGet"]["path"] == "/healthz"
        assert workload.ports == {"http": int(build.one("ConfigMap", "hubbub")["data"]["PORT"])}


@every_build
def test_grace_periods_are_long_enough(build: Build) -> None:
    data = build.one("ConfigMap", "hubbub")["data"]
    gunicorn = (ROOT / "deploy/gunicorn.conf.py").read_text()
    [graceful] = re.findall(r"^graceful_timeout = (\d+)$", gunicorn, re.MULTILINE)
    shutdown = build.one("ConfigMap", "nginx")["data"]["WORKER_SHUTDOWN"]
    needed = {
        "realtime": int(data["DRAIN_SECONDS"]) + FINISH_SECONDS,
        "web": int(graceful) + SPARE_SECONDS,
        "nginx": int(shutdown.removesuffix("s")) + SPARE_SECONDS,
    }
    for workload in build.workloads:
        if workload.name in needed:
            before = workload.main["lifecycle"]["preStop"]["sleep"]["seconds"]
            grace = workload.pod["terminationGracePeriodSeconds"]
            assert grace == before + needed[workload.name], workload.name
            rolling = workload.resource["spec"]["strategy"]["rollingUpdate"]
            assert rolling == {"maxSurge": 1, "maxUnavailable": 0}


@every_build
def test_new_pods_wait_for_their_version_s_migrations(build: Build) -> None:
    for name in ("web", "realtime"):
        [workload] = [one for one in build.workloads if one.name == name]
        [waits] = workload.pod["initContainers"]
        assert waits["args"] == ["migrate", "--wait"]
        for same in ("image", "envFrom", "volumeMounts"):
            assert waits[same] == workload.main[same]


@every_build
def test_pods_meet_the_restricted_standard(build: Build) -> None:
    for workload in build.workloads:
        pod = workload.pod
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in workload.containers:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            for bound in ("requests", "limits"):
                assert container["resources"][bound].keys() == {"cpu", "memory"}


@every_build
def test_images_have_versions(build: Build) -> None:
    for workload in build.workloads:
        for container in workload.containers:
            assert re.fullmatch(r".+/.+:[\w.-]+", container["image"]), workload.name


@every_build
def test_autoscalers_scale_existing_workloads_without_fixed_replicas(build: Build) -> None:
    for scaler in build.of_kind("HorizontalPodAutoscaler"):
        target = scaler["spec"]["scaleTargetRef"]
        workload = build.one(target["kind"], target["name"])
        assert workload["apiVersion"] == target["apiVersion"]
        assert "replicas" not in workload["spec"], "applying it would undo the scaling"
        for metric in scaler["spec"]["metrics"]:
            if metric["type"] == "ContainerResource":
                [container] = workload["spec"]["template"]["spec"]["containers"]
                assert metric["containerResource"]["container"] == container["name"]


def test_realtime_scales_by_the_measured_capacity_of_a_replica() -> None:
    measured = json.loads((ROOT / "docs/capacity.json").read_text())
    scaler = yaml.safe_load((K8S / "components/autoscaling/realtime.yaml").read_text())
    [pods] = [one["pods"] for one in scaler["spec"]["metrics"] if one["type"] == "Pods"]
    assert pods["metric"]["name"] == "hubbub_connections"
    assert pods["target"]["averageValue"] == str(measured["plan_with"]["connections_per_replica"])


def test_the_readme_says_how_many_connections_autoscaling_needs() -> None:
    build = Build("production")
    data = build.one("ConfigMap", "hubbub")["data"]
    each = {
        "realtime": int(data["REALTIME_THREADS"]) + REPLICA_CONNECTIONS,
        "web": int(data["WEB_CONCURRENCY"]) * int(data["WEB_THREADS"]),
    }
    most = {
        one["metadata"]["name"]: one["spec"]["maxReplicas"]
        for one in build.of_kind("HorizontalPodAutoscaler")
    }
    assert most.keys() == each.keys()
    rolling = sum(each[name] * (most[name] + 1) for name in each)
    needed = rolling + len(["migrate", "prune"]) + SUPERUSER_CONNECTIONS
    readme = (K8S / "README.md").read_text()
    [documented] = re.findall(r"`components/autoscaling`.* allows (\d+) connections", readme)
    assert needed <= int(documented) < needed + 50


@every_build
def test_network_policies_name_existing_components_and_ports(build: Build) -> None:
    known = {one.labels["app.kubernetes.io/component"] for one in everything().workloads}
    ports = {port for one in everything().workloads for port in one.ports.values()}
    outside = {25, 465, 587, 53, 80, 443}
    for policy in build.of_kind("NetworkPolicy"):
        assert set(components_named(policy)) <= known, policy["metadata"]["name"]
        rules = [*policy["spec"].get("ingress", []), *policy["spec"].get("egress", [])]
        for rule in rules:
            assert {one["port"] for one in rule["ports"]} <= ports | outside


@every_build
def test_the_gateway_routes_to_nginx(build: Build) -> None:
    """Gateways and routes have no schemas, so this test checks the objects that they name."""
    [*gateways] = build.of_kind("Gateway")
    for gateway in gateways:
        listeners = gateway["spec"]["listeners"]
        public = build.one("ConfigMap", "hubbub")["data"]["PUBLIC_URL"]
        assert {f"https://{one['hostname']}" for one in listeners} == {public}
        parents = {(gateway["metadata"]["name"], one["name"]) for one in listeners}
        routes = build.of_kind("HTTPRoute")
        used = {
            (parent["name"], parent["sectionName"])
            for route in routes
            for parent in route["spec"]["parentRefs"]
        }
        assert used == parents
        for backend in nested(routes, "backendRefs"):
            for one in backend:
                [port] = build.one("Service", one["name"])["spec"]["ports"]
                assert one["port"] == port["port"]


@every_build
def test_prometheus_scrapes_every_process(build: Build) -> None:
    for monitor in build.of_kind("ServiceMonitor"):
        label = monitor["spec"]["jobLabel"]
        [chosen] = monitor["spec"]["selector"]["matchExpressions"]
        assert chosen["key"] == label
        assert set(chosen["values"]) == {"web", "realtime"}
        for name in chosen["values"]:
            service = build.one("Service", name)
            assert service["metadata"]["labels"][label] == name, "the alerts use the job's name"
            [port] = service["spec"]["ports"]
            [endpoint] = monitor["spec"]["endpoints"]
            assert endpoint["port"] == port["name"]


def test_the_prometheus_rule_matches_alerts_yml() -> None:
    made = k8s_alerts.TARGET.read_text()
    assert made == k8s_alerts.prometheus_rule(k8s_alerts.SOURCE.read_text()), "Run `make alerts`."
    assert yaml.safe_load(made)["spec"] == yaml.safe_load(k8s_alerts.SOURCE.read_text())


def test_the_configmap_contains_every_nginx_template() -> None:
    data = everything().one("ConfigMap", "nginx-templates")["data"]
    files = {path.name for path in NGINX.iterdir() if fnmatch(path.name, "*.template")}
    assert data.keys() == files | {"15-lists.envsh", "message.html"}


@cache
def everything() -> Build:
    return Build("local", ("pgbouncer", "doctor", "load"))


def named(workload: Workload) -> Iterator[tuple[str, str]]:
    """Yield the kind and the name of everything that a pod needs to start, except Secrets."""
    yield "ServiceAccount", workload.pod["serviceAccountName"]
    for volume in workload.pod.get("volumes", []):
        if "configMap" in volume:
            yield "ConfigMap", volume["configMap"]["name"]
    for container in workload.containers:
        for source in container.get("envFrom", []):
            yield "ConfigMap", source["configMapRef"]["name"]


def matches(selector: Mapping[str, str], workload: Workload) -> bool:
    return selector.items() <= workload.labels.items()


def components_named(policy: Resource) -> Iterator[str]:
    label = "app.kubernetes.io/component"
    for labels in nested(policy, "matchLabels"):
        if label in labels:
            yield labels[label]
    for expressions in nested(policy, "matchExpressions"):
        for one in expressions:
            assert one["key"] == label
            yield from one["values"]


def nested(part: Any, key: str) -> Iterator[Any]:
    """Yield the values of a key at any depth."""
    if isinstance(part, dict):
        if key in part:
            yield part[key]
        part = list(part.values())
    if isinstance(part, list):
        for one in part:
            yield from nested(one, key)
