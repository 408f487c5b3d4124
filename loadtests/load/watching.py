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
    told = words_of(options)
    return sampling_as(told, out) if told else nullcontext()


def words_of(options: Namespace) -> list[str]:
    """Return what is told of a place elsewhere, in the words of `python -m loadtests.sampling`."""
    stores = [("--redis", options.redis), ("--postgres", options.postgres)]
    told = [word for option, url in stores if url for word in (option, url)]
    return ["--metrics", *options.metrics, *told] if options.metrics or told else []
