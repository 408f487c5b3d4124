"""`docker compose up` starts Hubbub, and users chat while replicas are removed and added."""

import asyncio
import json
import re
from functools import partial
from typing import Any

import pytest

from loadtests.lib.servers.process import HOST, ROOT
from loadtests.lib.servers.stack import wait_until
from tests.deploy.platforms.compose import PUBLIC_IMAGES, SECRETS, Composition, answers
from tests.stack.browsers import assert_two_browsers_chat
from tests.stack.deployed_stage import DeployedStage
from tests.stack.traffic import Traffic, running_traffic

OURS = ("web", "realtime", "prune")
SERVICES = (*OURS, "nginx", "postgres", "redis")
NO_MAIL = ["mail"]  # e-mails go to the log


async def test_two_browsers_chat(stage: DeployedStage) -> None:
    await assert_two_browsers_chat(stage)


async def test_a_replica_is_removed_and_added_under_traffic(
    composition: Composition, stage: DeployedStage
) -> None:
    async with running_traffic(stage) as traffic:
        assert len(traffic.connections_by_replica()) == 3
        with traffic.during("a container of realtime is removed"):
            await remove_replica(composition, traffic)
        with traffic.during("a container of realtime is added"):
            await add_replica(composition, traffic)


async def remove_replica(composition: Composition, traffic: Traffic) -> None:
    victim = composition.containers("realtime")[1]
    await asyncio.to_thread(composition.engine.run, "stop", "--time=30", victim)
    code = composition.inspect(victim)["State"]["ExitCode"]
    await asyncio.to_thread(composition.engine.run, "rm", victim)
    assert code == 0, "the replica did not drain"
    await traffic.wait_until_all_reconnected()
    assert len(traffic.connections_by_replica()) == 2


async def add_replica(composition: Composition, traffic: Traffic) -> None:
    await asyncio.to_thread(composition.up)
    await asyncio.to_thread(wait_until, composition.serves, 60)
    # Reconnect one client at a time, because nginx sends all clients that wait for the same DNS
    # answer to one replica.
    for client in traffic.clients[::2]:
        await client.drop_connection()
        await client.wait_until(partial(getattr, client, "connected"), 30)
    await traffic.wait_until_all_reconnected()
    assert len(traffic.connections_by_replica()) == 3


def test_the_doctor_is_green_from_outside(composition: Composition) -> None:
    report = json.loads(composition.manage("doctor", "--json"))
    assert_green(report)


def test_the_doctor_is_green_as_a_service(composition: Composition) -> None:
    profile = ["--profile", "doctor"] if composition.engine.name == "podman" else []
    printed = composition.compose(
        *profile, "run", "--rm", "--no-deps", "-T", "doctor", "doctor", "--quick", "--json"
    )
    assert_green(json.loads(printed[printed.index("{") :]))


def assert_green(report: Any) -> None:
    statuses = {one["check"]: one["status"] for one in report["results"]}
    assert [check for check, status in statuses.items() if status == "red"] == [], report
    assert [check for check, status in statuses.items() if status == "yellow"] == NO_MAIL, report
    message = "".join(one["message"] for one in report["results"] if one["check"] == "connections")
    assert "replicas: 3, gunicorns: 1" in message


@pytest.mark.parametrize("service", OURS)
def test_processes_run_without_privileges(composition: Composition, service: str) -> None:
    for name in composition.containers(service):
        details = composition.inspect(name)
        assert details["HostConfig"]["ReadonlyRootfs"]
        assert not details.get("EffectiveCaps")
        printed = composition.engine.run("exec", name, "cat", "/proc/1/status")
        status = dict(re.findall(r"^(\w+):\s+(\w+)", printed, re.MULTILINE))
        assert status["Uid"] == "10001"
        assert (status["CapEff"].strip("0"), status["NoNewPrivs"]) == ("", "1")


def test_only_nginx_is_published_and_only_on_loopback(composition: Composition) -> None:
    bound = [
        (service, binding["HostIp"])
        for service in SERVICES
        for name in composition.containers(service)
        for bindings in (composition.inspect(name)["HostConfig"]["PortBindings"] or {}).values()
        for binding in bindings or ()
    ]
    assert bound == [("nginx", HOST)]


def test_inspecting_containers_shows_no_secrets(composition: Composition) -> None:
    """Users who may list containers see the containers' environment and commands."""
    words = {word for name in SECRETS for word in re.split(r"[:/@]", composition.variable(name))}
    # All secrets that `make_secrets.py` creates have this length.
    secrets = {word for word in words if len(word) == 64}
    assert len(secrets) == 3
    shown = json.dumps(
        [
            composition.inspect(name)
            for service in SERVICES
            for name in composition.containers(service)
        ]
    )
    assert not {secret for secret in secrets if secret in shown}


def test_secrets_are_created_once(composition: Composition) -> None:
    before = [composition.variable(name) for name in SECRETS]
    composition.engine.run("start", "--attach", f"{composition.project}_secrets_1")
    assert [composition.variable(name) for name in SECRETS] == before
    assert answers(HOST, composition.port, "/accounts/login/")


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_is_healthy(composition: Composition, service: str) -> None:
    for name in composition.containers(service):
        wait_until(partial(composition.is_healthy, name))


def test_a_process_that_does_not_respond_is_unhealthy(composition: Composition) -> None:
    name = composition.containers("realtime")[0]
    done = composition.engine.attempt("exec", "--env=PORT=8001", name, "hubbub", "healthy")
    assert done.returncode == 1
    assert "http://127.0.0.1:8001/healthz does not answer" in done.stderr


def test_prune_has_run_and_waits(composition: Composition) -> None:
    [name] = composition.containers("prune")
    wait_until(lambda: "Revoked tokens: 0 removed." in composition.engine.run("logs", name), 90)
    assert composition.containers("prune") == [name]


def test_compose_uses_only_public_images_and_ours() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    images = set(re.findall(r"image: (?:&\w+ )?([^\s*]+)", text))
    ours = {"${HUBBUB_IMAGE:-hubbub}", "${HUBBUB_IMAGE:-hubbub}-load"}
    assert images == ours | {*PUBLIC_IMAGES}
