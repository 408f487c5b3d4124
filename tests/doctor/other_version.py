"""The settings of a replica that a deploy has left behind."""

from hubbub.settings import *  # noqa: F403

VERSION = "0.0.9"
