"""Runs long work on the event loop in slices, so that other callbacks can run between them."""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")

# How long one slice may block the event loop, and how many items it processes between two looks at
# the clock.
SLICE_SECONDS = 0.002
ITEMS_PER_CLOCK_CHECK = 32


def in_slices(
    items: Iterable[T], work: Callable[[list[T]], None], done: Callable[[], None]
) -> None:
    """Call `work` with a few items at a time, and call `done` after the last ones.

    The first slice runs immediately. `items` is copied, so changes to it between slices have no
    effect.
    """
    _run_slice(iter(list(items)), work, done)


def _run_slice(
    remaining: Iterator[T], work: Callable[[list[T]], None], done: Callable[[], None]
) -> None:
    slice_ends_at = time.monotonic() + SLICE_SECONDS
    while some := list(islice(remaining, ITEMS_PER_CLOCK_CHECK)):
        work(some)
        if time.monotonic() >= slice_ends_at:
            asyncio.get_running_loop().call_soon(_run_slice, remaining, work, done)
            return
    done()
