"""Skips tests that need a private network where it is unavailable; root and CI never skip them."""

import os

import pytest

from loadtests.chaos import network
from scripts.stack.programs import is_root

WHY_NOT = "" if is_root() or os.environ.get("CI") else network.unavailable_reason()
needs_private_network = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)
