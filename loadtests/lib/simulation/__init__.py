"""The people of load and fault tests: a crowd that does what people do, over any addresses."""

from loadtests.lib.simulation.account import Person
from loadtests.lib.simulation.activity_rates import Paces
from loadtests.lib.simulation.plan import Plan
from loadtests.lib.simulation.setup import people
from loadtests.lib.simulation.simulation import Crowd

__all__ = ["Crowd", "Paces", "Person", "Plan", "people"]
