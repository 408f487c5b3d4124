"""A constant load for a long time: leaks and growth only show after hours."""

from dataclasses import dataclass
from typing import ClassVar

from loadtests.shapes.shape import Shape


@dataclass(frozen=True, slots=True)
class Soak(Shape):
    description: ClassVar[str] = "everyone arrives and stays, at the same rate to the end"
