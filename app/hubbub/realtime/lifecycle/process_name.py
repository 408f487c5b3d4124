"""The name of this process: what `welcome` says, and what metrics and logs call it."""

import os
from typing import Final

from hubbub.observability.logs import HOST

NAME: Final = f"{HOST}:{os.getpid()}"
