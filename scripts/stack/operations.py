"""Changes a running stack: sets the number of replicas, or deploys other code.

Connected users notice at most a reconnect. A new process is ready before nginx routes to it. nginx
stops routing to an old process before that process is stopped, and the stop moves its connections
elsewhere.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from scripts.stack.control import Report
from scripts.stack.errors import StackError
from scripts.stack.options import MAX_REPLICAS
from scripts.stack.stack import WEB_STOP_SECONDS, Stack
from scripts.stack.supervised_service import Service


async def scale(stack: Stack, replicas: int, report: Report) -> None:
    """Set the number of replicas. Raises StackError if the number is out of range."""
    if not 1 <= replicas <= MAX_REPLICAS:
        raise StackError(f"REPLICAS must be a number from 1 to {MAX_REPLICAS}, not {replicas}.")
    current = len(stack.realtime)
    if replicas > current:
        await _add_replicas(stack, replicas - current, report)
    elif replicas < current:
        await _drain_replicas(stack, stack.realtime[replicas:], report)
    report("1 replica is serving." if replicas == 1 else f"{replicas} replicas are serving.")


async def deploy(stack: Stack, root: Path, report: Report) -> None:
    """Deploy the code in `root`: migrate the database, then replace the processes one by one.

    Stops at the first failure, and reports which processes run which code.
    """
    if not (root / "app/manage.py").exists():
        raise StackError(f"{root} does not contain Hubbub.")
    previous, before = stack.release, [*stack.realtime, *stack.web]
    try:
        await _replace_all(stack, root, report)
    except Exception:
        report(_describe_failed_deploy(stack, before, previous.root, root))
        raise
    report(f"The code in {root} is serving.")


async def _replace_all(stack: Stack, root: Path, report: Report) -> None:
    previous = stack.release
    stack.release = await stack.prepare(root, report)
    try:
        stack.write_configuration()
        for old in list(stack.realtime):
            await _replace_replica(stack, old, report)
        await _replace_web(stack, report)
    except BaseException:
        # The processes of both releases keep serving users. Processes that start later use the
        # previous release.
        stack.release = previous
        stack.restore_configuration()
        raise
    stack.finish_release()


async def _replace_replica(stack: Stack, old: Service, report: Report) -> None:
    new = stack.new_replica()
    report(f"Replacing {old.name} with {new.name}")
    others = [service for service in stack.realtime if service is not old]
    await _start_and_route(stack, [new], stack.web, [*others, new])
    await old.stop(stack.drain_seconds)


async def _replace_web(stack: Stack, report: Report) -> None:
    old = list(stack.web)
    new = stack.new_web()
    report(f"Replacing {_names(old)} with {new.name}")
    # Route to both gunicorns for a moment: pages that the old one sent are still loading their
    # files.
    await _start_and_route(stack, [new], [*old, new], stack.realtime)
    await stack.route_to([new], stack.realtime)
    await asyncio.gather(*(service.stop(WEB_STOP_SECONDS) for service in old))


async def _add_replicas(stack: Stack, number: int, report: Report) -> None:
    new = list[Service]()
    for _ in range(number):
        new.append(stack.new_replica(planned=new))
    report(f"Starting {_names(new)}")
    await _start_and_route(stack, new, stack.web, [*stack.realtime, *new])


async def _start_and_route(
    stack: Stack, new: Sequence[Service], web: Sequence[Service], realtime: Sequence[Service]
) -> None:
    """Start the new services, then route to `web` and `realtime`.

    If that fails, kill the new services.
    """
    try:
        await asyncio.gather(*(service.start() for service in new))
        await stack.route_to(web, realtime)
    except BaseException:
        for service in new:
            service.kill()
        raise


async def _drain_replicas(stack: Stack, leaving: Sequence[Service], report: Report) -> None:
    report(f"Draining {_names(leaving)}")
    staying = [service for service in stack.realtime if service not in leaving]
    await stack.route_to(stack.web, staying)
    await asyncio.gather(*(service.stop(stack.drain_seconds) for service in leaving))


def _describe_failed_deploy(
    stack: Stack, before: Sequence[Service], previous_root: Path, root: Path
) -> str:
    """Describe which code runs after a failed deploy, and what to do.

    `before` holds the services that ran before the deploy.
    """
    serving = [*stack.realtime, *stack.web]
    new = [service for service in serving if service not in before]
    if not new:
        return f"Nothing was replaced: everything still runs the code in {previous_root}."
    old = [service for service in serving if service in before]
    go_back = f"To go back, run `make stack-deploy ROOT={previous_root}`. "
    return (
        f"The deploy is half finished: {_names(new)} with the code in {root}, "
        f"{_names(old) or 'nothing'} with the previous code. Both work together. "
        + (go_back if previous_root != root else "")
        + f"To finish, fix the new code and run `make stack-deploy ROOT={root}`."
    )


def _names(services: Sequence[Service]) -> str:
    return ", ".join(service.name for service in services)
