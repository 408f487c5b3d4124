"""The people of load and fault tests: a crowd that does what people do, over any addresses."""

from loadtests.lib.simulation.account import Account
from loadtests.lib.simulation.activity_rates import ActivityRates
from loadtests.lib.simulation.plan import Plan
from loadtests.lib.simulation.setup import simulate
from loadtests.lib.simulation.simulation import Simulation

__all__ = ["Account", "ActivityRates", "Plan", "Simulation", "simulate"]
