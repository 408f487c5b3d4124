"""What is changed while people talk: more or fewer replicas, another version.

Nobody is dropped: a new process is ready before nginx hears of it, and nginx forgets one before it
is asked to end, which sends its sockets to the others.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from scripts.stack.control import Say
from scripts.stack.errors import StackError
from scripts.stack.options import MOST_REPLICAS
from scripts.stack.service import Service
from scripts.stack.stack import WEB_SECONDS, Stack


async def scale(stack: Stack, replicas: int, say: Say) -> None:
    """Have so many replicas. Raises StackError for a number that is none."""
    if not 1 <= replicas <= MOST_REPLICAS:
        raise StackError(f"REPLICAS is {replicas}: give a number from 1 to {MOST_REPLICAS}.")
    now = len(stack.realtime)
    if replicas > now:
        await _add(stack, replicas - now, say)
    elif replicas < now:
        await _drain(stack, stack.realtime[replicas:], say)
    say(f"{_counted(replicas)} serve{'s' if replicas == 1 else ''}.")


async def deploy(stack: Stack, root: Path, say: Say) -> None:
    """Go on with the code in `root`: the database first, then one process after another.

    One that fails ends it there, and it is said what serves then.
    """
    if not (root / "app/manage.py").exists():
        raise StackError(f"There is no Hubbub in {root}.")
    before, served = stack.version, [*stack.realtime, *stack.web]
    try:
        await _go_on_with(stack, root, say)
    except Exception:
        say(_half_way(stack, served, before.root, root))
        raise
    say(f"The code in {root} serves.")


async def _go_on_with(stack: Stack, root: Path, say: Say) -> None:
    before = stack.version
    stack.version = await stack.prepare(root, say)
    try:
        stack.write_configuration()
        for old in list(stack.realtime):
            await _replace_replica(stack, old, say)
        await _replace_web(stack, say)
    except BaseException:
        # What serves already goes on, of both versions; what comes next is of the one before.
        stack.version = before
        stack.put_configuration_back()
        raise
    stack.settle()


async def _replace_replica(stack: Stack, old: Service, say: Say) -> None:
    new = stack.new_replica()
    say(f"{new.name} takes the place of {old.name}")
    others = [one for one in stack.realtime if one is not old]
    await _take_in(stack, [new], stack.web, [*others, new])
    await old.stop(stack.drain_seconds)


async def _replace_web(stack: Stack, say: Say) -> None:
    old = list(stack.web)
    new = stack.new_web()
    say(f"{new.name} takes the place of {', '.join(one.name for one in old)}")
    # Both for a moment: a page that the old one has sent asks for its files now.
    await _take_in(stack, [new], [*old, new], stack.realtime)
    await stack.serve([new], stack.realtime)
    await asyncio.gather(*(one.stop(WEB_SECONDS) for one in old))


async def _add(stack: Stack, number: int, say: Say) -> None:
    new = list[Service]()
    for _ in range(number):
        new.append(stack.new_replica(beside=new))
    say(f"Starting {', '.join(one.name for one in new)}")
    await _take_in(stack, new, stack.web, [*stack.realtime, *new])


async def _take_in(
    stack: Stack, new: Sequence[Service], web: Sequence[Service], realtime: Sequence[Service]
) -> None:
    """Start the new ones, then have nginx choose among all these; failing that, none is left."""
    try:
        await asyncio.gather(*(service.start() for service in new))
        await stack.serve(web, realtime)
    except BaseException:
        for service in new:
            service.kill()
        raise


async def _drain(stack: Stack, leaving: Sequence[Service], say: Say) -> None:
    say(f"Draining {', '.join(one.name for one in leaving)}")
    await stack.serve(stack.web, [one for one in stack.realtime if one not in leaving])
    await asyncio.gather(*(one.stop(stack.drain_seconds) for one in leaving))


def _half_way(stack: Stack, served: Sequence[Service], before: Path, root: Path) -> str:
    """Say what serves after a deploy that failed, and what to do; `served` did so before it."""
    serving = [*stack.realtime, *stack.web]
    new = [one.name for one in serving if one not in served]
    if not new:
        return f"Nothing was replaced: all goes on with the code in {before} as it was."
    old = [one.name for one in serving if one in served]
    back = "" if before == root else f"`make stack-deploy ROOT={before}` goes back. "
    return (
        f"Half of it serves: {', '.join(new)} with the code in {root}, "
        f"{', '.join(old) or 'nothing'} with that of before. Both work together. "
        f"{back}Once the new code is mended, `make stack-deploy ROOT={root}` goes on."
    )


def _counted(replicas: int) -> str:
    return "1 replica" if replicas == 1 else f"{replicas} replicas"
