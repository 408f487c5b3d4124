"""Simulated users for load and fault tests.

`simulate` runs a whole population over asyncio, for fault tests. `user_kinds` and `message_text`
say what users do and write; Locust's users and the soak use them, too. Nothing in this package
knows the database or the servers. A simulation is given only addresses and sessions.
"""

from loadtests.lib.simulation.account import Account
from loadtests.lib.simulation.activity_rates import ActivityRates
from loadtests.lib.simulation.plan import Plan
from loadtests.lib.simulation.setup import simulate
from loadtests.lib.simulation.simulation import Simulation

__all__ = ["Account", "ActivityRates", "Plan", "Simulation", "simulate"]
