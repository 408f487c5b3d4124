"""The same crowd for as long as it takes: what grows, leaks or tires shows with the hours."""

from dataclasses import dataclass
from typing import ClassVar

from loadtests.shapes.shape import Shape


@dataclass(frozen=True, slots=True)
class Soak(Shape):
    line: ClassVar[str] = "everybody comes in and stays, at the same rate to the end"
