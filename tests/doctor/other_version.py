"""The settings of a replica that a half-finished deploy left behind."""

import os

from hubbub.settings import *  # noqa: F403

VERSION = os.environ["OTHER_VERSION"]
