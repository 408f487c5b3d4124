"""The name of this process, as `welcome`, metrics and logs show it."""

import os
from typing import Final

from hubbub.observability.logs import HOST

NAME: Final = f"{HOST}:{os.getpid()}"
