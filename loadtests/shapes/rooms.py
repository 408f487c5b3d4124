"""Many small rooms: hardly any fan-out, so what is felt is the writing and the number of rooms."""

from dataclasses import dataclass
from typing import ClassVar

from loadtests.shapes.shape import Shape


@dataclass(frozen=True, slots=True)
class Rooms(Shape):
    line: ClassVar[str] = "many rooms of six, two for each person: much writing, little fan-out"
    layers: ClassVar[tuple[int, ...]] = (6, 6)
