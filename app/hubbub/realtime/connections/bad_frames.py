"""Limits how many bad frames one connection may send: frames that we refuse with a problem.

Too many malformed frames in a row mean a broken client, which must not reconnect (4500). Too many
refusals of any kind mean a client that ignores them; it may reconnect (4006). `Commands` reports
every frame here.
"""

from dataclasses import dataclass
from typing import Final

from django.conf import settings

from hubbub.chat.rate_limits import Bucket
from hubbub.realtime.protocol import close_codes

MAX_BAD_FRAMES: Final[int] = settings.MAX_BAD_FRAMES
