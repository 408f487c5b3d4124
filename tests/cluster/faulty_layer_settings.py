"""The settings with a channel layer that loses, repeats and reorders: for `test_unruly_layer`."""

from hubbub.settings import *  # noqa: F403
from hubbub.settings import CHANNEL_LAYERS

CHANNEL_LAYERS["default"]["BACKEND"] = "tests.cluster.faulty_layer.UnrulyLayer"
