"""Sampling the servers while a load runs: a stack here whole, a place elsewhere as told."""

from argparse import Namespace
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from loadtests.load.places import Target
from loadtests.sampling.running import sampling_as


def watching(options: Namespace, place: Target, out: Path) -> AbstractContextManager[None]:
    """Return what samples meanwhile; of a place of which nothing is told, nothing does."""
    if place.stack:
        return sampling_as(["--stack", place.stack], out)
    if not options.metrics:
        return nullcontext()
    stores = [("--redis", options.redis), ("--postgres", options.postgres)]
    told = [word for option, url in stores if url for word in (option, url)]
    return sampling_as(["--metrics", *options.metrics, *told], out)
