"""One hot room: everyone has the same room open, so each message goes to all of them."""

from dataclasses import dataclass
from typing import ClassVar

from loadtests.shapes.shape import Shape


@dataclass(frozen=True, slots=True)
class Hot(Shape):
    description: ClassVar[str] = "everyone is in one room: each message goes to all"
    layers: ClassVar[tuple[int, ...]] = (0,)
