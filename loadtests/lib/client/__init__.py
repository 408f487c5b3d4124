"""A client of protocol version 1 with resume, for tests, Locust, replays and fault tests."""

from loadtests.lib.client.client import Client
from loadtests.lib.client.history import History

__all__ = ["Client", "History"]
