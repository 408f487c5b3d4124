"""The settings with the faulty channel layer, for `test_lost_bus_messages`."""

from hubbub.settings import *  # noqa: F403
from hubbub.settings import CHANNEL_LAYERS

CHANNEL_LAYERS["default"]["BACKEND"] = "tests.cluster.faulty_layer.FaultyLayer"
