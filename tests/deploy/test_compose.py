"""`docker compose up` as it is: people talk through it while replicas come and go."""

import asyncio
import json
import re
from functools import partial
from typing import Any

import pytest

from loadtests.lib.servers.process import HOST, ROOT
from loadtests.lib.servers.stack import wait_until
from tests.deploy.compose import PUBLIC_IMAGES, SECRETS, Composition, answers
from tests.stack.browsers import two_browsers_talk
from tests.stack.people import People
from tests.stack.traffic import Traffic, traffic

OURS = ("web", "realtime", "prune")
SERVICES = (*OURS, "nginx", "postgres", "redis")
NO_MAIL = ["mail"]  # mails are printed


async def test_two_browsers_talk(people: People) -> None:
    await two_browsers_talk(people)


async def test_a_replica_is_removed_and_added_under_traffic(
    composition: Composition, people: People
) -> None:
    async with traffic(people) as talk:
        assert len(talk.sockets_by_replica()) == 3
        with talk.during("a container of realtime is removed"):
            await is_removed(composition, talk)
        with talk.during("a container of realtime is added"):
            await is_added(composition, talk)


async def is_removed(composition: Composition, talk: Traffic) -> None:
    victim = composition.containers("realtime")[1]
    await asyncio.to_thread(composition.engine.run, "stop", "--time=30", victim)
    code = composition.inspect(victim)["State"]["ExitCode"]
    await asyncio.to_thread(composition.engine.run, "rm", victim)
    assert code == 0, "it did not drain"
    await talk.until_all_are_back()
    assert len(talk.sockets_by_replica()) == 2


async def is_added(composition: Composition, talk: Traffic) -> None:
    await asyncio.to_thread(composition.up)
    await asyncio.to_thread(wait_until, composition.serves, 60)
    # One after another: nginx sends all that wait for the same answer of a DNS to one replica.
    for client in talk.clients[::2]:
        await client.drop_connection()
        await client.wait_until(partial(getattr, client, "connected"), 30)
    await talk.until_all_are_back()
    assert len(talk.sockets_by_replica()) == 3


def test_the_doctor_is_green_from_outside(composition: Composition) -> None:
    found = json.loads(composition.manage("doctor", "--json"))
    is_green(found)


def test_the_doctor_is_green_as_a_service(composition: Composition) -> None:
    profile = ["--profile", "doctor"] if composition.engine.name == "podman" else []
    printed = composition.compose(
        *profile, "run", "--rm", "--no-deps", "-T", "doctor", "doctor", "--quick", "--json"
    )
    is_green(json.loads(printed[printed.index("{") :]))


def is_green(found: Any) -> None:
    colours = {one["check"]: one["status"] for one in found["results"]}
    assert [check for check, colour in colours.items() if colour == "red"] == [], found
    assert [check for check, colour in colours.items() if colour == "yellow"] == NO_MAIL, found
    said = "".join(one["message"] for one in found["results"] if one["check"] == "connections")
    assert "replicas: 3, gunicorns: 1" in said


@pytest.mark.parametrize("service", OURS)
def test_processes_may_do_nothing_that_they_need_not(
    composition: Composition, service: str
) -> None:
    for name in composition.containers(service):
        told = composition.inspect(name)
        assert told["HostConfig"]["ReadonlyRootfs"]
        assert not told.get("EffectiveCaps")
        printed = composition.engine.run("exec", name, "cat", "/proc/1/status")
        status = dict(re.findall(r"^(\w+):\s+(\w+)", printed, re.MULTILINE))
        assert status["Uid"] == "10001"
        assert (status["CapEff"].strip("0"), status["NoNewPrivs"]) == ("", "1")


def test_it_is_open_to_this_machine_only(composition: Composition) -> None:
    bound = [
        (service, binding["HostIp"])
        for service in SERVICES
        for name in composition.containers(service)
        for bindings in (composition.inspect(name)["HostConfig"]["PortBindings"] or {}).values()
        for binding in bindings or ()
    ]
    assert bound == [("nginx", HOST)]


def test_no_secret_is_in_what_is_shown_of_it(composition: Composition) -> None:
    """Whoever may list containers sees their environment and their commands."""
    words = {word for name in SECRETS for word in re.split(r"[:/@]", composition.variable(name))}
    secrets = {word for word in words if len(word) == 64}  # as make_secrets.py makes them
    assert len(secrets) == 3
    shown = json.dumps(
        [
            composition.inspect(name)
            for service in SERVICES
            for name in composition.containers(service)
        ]
    )
    assert not {secret for secret in secrets if secret in shown}


def test_secrets_are_made_once(composition: Composition) -> None:
    before = [composition.variable(name) for name in SECRETS]
    composition.engine.run("start", "--attach", f"{composition.project}_secrets_1")
    assert [composition.variable(name) for name in SECRETS] == before
    assert answers(HOST, composition.port, "/accounts/login/")


@pytest.mark.parametrize("service", SERVICES)
def test_what_runs_is_healthy(composition: Composition, service: str) -> None:
    for name in composition.containers(service):
        wait_until(partial(composition.is_healthy, name))


def test_a_process_that_does_not_answer_is_not_healthy(composition: Composition) -> None:
    name = composition.containers("realtime")[0]
    done = composition.engine.attempt("exec", "--env=PORT=8001", name, "hubbub", "healthy")
    assert done.returncode == 1
    assert "http://127.0.0.1:8001/healthz does not answer" in done.stderr


def test_pruning_was_done_and_waits(composition: Composition) -> None:
    [name] = composition.containers("prune")
    wait_until(lambda: "Revoked tokens: 0 removed." in composition.engine.run("logs", name), 90)
    assert composition.containers("prune") == [name]


def test_the_file_names_only_public_images() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    images = set(re.findall(r"image: (?:&\w+ )?([^\s*]+)", text))
    ours = {"${HUBBUB_IMAGE:-hubbub}", "${HUBBUB_IMAGE:-hubbub}-load"}
    assert images == ours | {*PUBLIC_IMAGES}
