"""The people of load and fault tests: a crowd that does what people do, over any addresses."""

from loadtests.people.arrival import people
from loadtests.people.crowd import Crowd
from loadtests.people.paces import Paces
from loadtests.people.person import Person
from loadtests.people.plan import Plan

__all__ = ["Crowd", "Paces", "Person", "Plan", "people"]
