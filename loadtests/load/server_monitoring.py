"""Sampling the servers while a load runs: a stack here whole, a place elsewhere as told."""

from argparse import Namespace
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from loadtests.lib.monitoring.background import sampling_as
from loadtests.load.targets import Target


def watching(options: Namespace, place: Target, out: Path) -> AbstractContextManager[None]:
    """Return what samples meanwhile; of a place of which nothing is told, nothing does."""
    if place.stack:
        return sampling_as(["--stack", place.stack], out)
    told = words_of(options)
    return sampling_as(told, out) if told else nullcontext()


def words_of(options: Namespace) -> list[str]:
    """Return the options for `loadtests.lib.monitoring` that describe a remote deployment."""
    stores = [("--redis", options.redis), ("--postgres", options.postgres)]
    told = [word for option, url in stores if url for word in (option, url)]
    return ["--metrics", *options.metrics, *told] if options.metrics or told else []
