"""Many small rooms: hardly any fan-out, so the load comes from writes and the number of rooms."""

from dataclasses import dataclass
from typing import ClassVar

from loadtests.shapes.shape import Shape


@dataclass(frozen=True, slots=True)
class Rooms(Shape):
    description: ClassVar[str] = "many rooms of six, two per user: many writes, little fan-out"
    layers: ClassVar[tuple[int, ...]] = (6, 6)
