"""The running stack exports every metric that the dashboard and alerts use, but not publicly."""

import asyncio
import urllib.request

from loadtests.lib.servers.stack import ProcessStatus, RunningStack, wait_until
from tests.cluster.stage import bodies, opened
from tests.deploy.test_monitoring import named_metrics
from tests.stack.deployed_stage import DeployedStage
from tests.support.probes import get, scrape_metrics


async def test_every_metric_of_dashboard_and_alerts_is_exported(
    stack: RunningStack, stage: DeployedStage
) -> None:
    """Some metrics appear only after users have chatted, loaded a page and left."""
    users = stage.users(8)
    room = stage.room(users)
    clients = [stage.client(person) for person in users]
    async with opened(clients, room):
        await clients[0].send(room, "hello")
        for client in clients:
            await client.wait_until(lambda: bodies(client, room))
    await asyncio.to_thread(wait_until, lambda: not named_metrics() - exported(stack))


def test_every_process_exports_its_version(stack: RunningStack) -> None:
    versions = [
        scrape_metrics(row.port).labels("hubbub_version_info", "version") for row in scraped(stack)
    ]
    assert len(versions) >= 2
    assert all(len(version) == 1 for version in versions)


def test_metrics_and_probes_are_not_public(stack: RunningStack) -> None:
    for path in ("/metrics", "/readyz", "/metrics/", "//metrics", "/%6detrics"):
        assert get(stack.port, path)[0] == 404, path


def test_processes_log_nginx_s_request_id(stack: RunningStack) -> None:
    request = urllib.request.Request(f"http://{stack.address}/accounts/login/")
    with urllib.request.urlopen(request, timeout=10) as answer:
        id = answer.headers["X-Request-ID"]
    wait_until(lambda: f'"request_id":"{id}"' in stack.output())


def exported(stack: RunningStack) -> set[str]:
    return {name for row in scraped(stack) for name in scrape_metrics(row.port).names}


def scraped(stack: RunningStack) -> list[ProcessStatus]:
    """Return the processes that Prometheus scrapes."""
    return [row for row in stack.processes().values() if row.name.startswith(("web", "realtime"))]
