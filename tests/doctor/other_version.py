"""The settings of a replica that a half-finished deploy left behind."""

from hubbub.settings import *  # noqa: F403

VERSION = "0.0.9"
