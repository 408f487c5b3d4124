"""Tests that need hosts of their own: root and CI have to have them, others may not."""

import os

import pytest

from loadtests.chaos import network
from scripts.stack.programs import is_root

WHY_NOT = "" if is_root() or os.environ.get("CI") else network.unavailable_reason()
needs_hosts = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)
