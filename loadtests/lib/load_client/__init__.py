"""The load client: a C program that opens many WebSocket connections and counts what arrives.

It is written in C because the machine's cores are for the servers. A client in Python would use
more CPU per delivery than the servers do, and would itself be measured. `plan` says which
connections to open and how a server speaks, `client` compiles and runs the program, `c/` has its
sources.
"""

from loadtests.lib.load_client.client import LoadClient, LoadError, Result, percentile_ms, running
from loadtests.lib.load_client.plan import ClientPlan, ConnectionPlan, Dialect

__all__ = [
    "ClientPlan",
    "ConnectionPlan",
    "Dialect",
    "LoadClient",
    "LoadError",
    "Result",
    "percentile_ms",
    "running",
]
