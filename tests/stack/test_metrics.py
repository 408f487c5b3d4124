"""What dashboards and alerts look at is what the running stack shows, and not to outsiders."""

import asyncio
import urllib.request

from loadtests.lib.servers.stack import ProcessStatus, RunningStack, wait_until
from tests.cluster.stage import bodies, opened
from tests.deployment_files.test_monitoring import named_metrics
from tests.stack.people import People
from tests.support.probes import ask, scrape


async def test_every_metric_that_they_name_is_at_metrics(
    stack: RunningStack, people: People
) -> None:
    """Some are there once it happened: somebody talked, asked for a page, and left."""
    talkers = people.crowd(8)
    room = people.room(talkers)
    clients = [people.client(person) for person in talkers]
    async with opened(clients, room):
        await clients[0].send(room, "hello")
        for client in clients:
            await client.wait_until(lambda: bodies(client, room))
    await asyncio.to_thread(wait_until, lambda: not named_metrics() - shown(stack))


def test_a_deploy_shows_which_versions_run(stack: RunningStack) -> None:
    versions = [scrape(row.port).labels("hubbub_version_info", "version") for row in rows(stack)]
    assert len(versions) >= 2
    assert all(len(version) == 1 for version in versions)


def test_from_outside_there_are_no_metrics_and_no_probes(stack: RunningStack) -> None:
    for path in ("/metrics", "/readyz", "/metrics/", "//metrics", "/%6detrics"):
        assert ask(stack.port, path)[0] == 404, path


def test_requests_have_the_id_that_nginx_gave_them(stack: RunningStack) -> None:
    request = urllib.request.Request(f"http://{stack.address}/accounts/login/")
    with urllib.request.urlopen(request, timeout=10) as answer:
        id = answer.headers["X-Request-ID"]
    wait_until(lambda: f'"request_id":"{id}"' in stack.output())


def shown(stack: RunningStack) -> set[str]:
    return {name for row in rows(stack) for name in scrape(row.port).names}


def rows(stack: RunningStack) -> list[ProcessStatus]:
    """Return the processes that Prometheus would ask."""
    return [row for row in stack.processes().values() if row.name.startswith(("web", "realtime"))]
