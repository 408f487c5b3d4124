"""Long work on the event loop, done in slices: between them everything else has its turn."""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")

# How long a slice holds the event loop; and after how many items it looks at the clock.
SLICE_SECONDS = 0.002
ITEMS_PER_LOOK = 32


def in_slices(
    items: Iterable[T], work: Callable[[list[T]], None], done: Callable[[], None]
) -> None:
    """Call `work` with some items after the others, then `done`; the first slice at once.

    `items` is copied: what becomes of it between two slices changes nothing here.
    """
    _go_on(iter(list(items)), work, done)


def _go_on(items: Iterator[T], work: Callable[[list[T]], None], done: Callable[[], None]) -> None:
    until = time.monotonic() + SLICE_SECONDS
    while some := list(islice(items, ITEMS_PER_LOOK)):
        work(some)
        if time.monotonic() >= until:
            asyncio.get_running_loop().call_soon(_go_on, items, work, done)
            return
    done()
