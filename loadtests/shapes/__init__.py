"""How a load develops over time: one file per shape, chosen by `SHAPE=`. Pure."""

from loadtests.shapes.deploy import Deploy
from loadtests.shapes.hot import Hot
from loadtests.shapes.rooms import Rooms
from loadtests.shapes.school import School
from loadtests.shapes.shape import Shape
from loadtests.shapes.soak import Soak
from loadtests.shapes.spike import Spike
from loadtests.shapes.steps import Steps
from loadtests.shapes.thundering_herd import Herd

SHAPES: dict[str, type[Shape]] = {
    shape.__name__.lower(): shape
    for shape in (Steps, Spike, Soak, Herd, Deploy, Hot, Rooms, School)
}

__all__ = ["SHAPES", "Shape"]
