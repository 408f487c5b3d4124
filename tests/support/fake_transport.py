"""The other end of a socket, held in memory: what reached it, in order, and how it was closed."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

from hubbub.realtime.connections.transport import OnGone, OnText
from hubbub.realtime.protocol.websocket_frames import Burst


@dataclass
class Wire:
    """An outlet. `waiting_bytes` is what a server would say that it still holds back."""

    texts: list[str] = field(default_factory=list)
    writes: int = 0
    waiting_bytes: int = 0
    code: int | None = None
    dropped: bool = False

    def attach(self, on_text: OnText, on_gone: OnGone) -> bool:
        return False

    def write(self, text: str) -> int:
        self.texts.append(text)
        self.writes += 1
        return self.waiting_bytes

    def write_burst(self, burst: Burst) -> int:
        self.texts += [frame.text for frame in burst.frames]
        self.writes += 1
        return self.waiting_bytes

    def close(self, code: int) -> None:
        self.code = code

    def drop(self) -> None:
        self.dropped = True

    async def drained(self) -> None:
        while self.waiting_bytes:  # noqa: ASYNC110
            await asyncio.sleep(0)

    @property
    def frames(self) -> list[dict[str, Any]]:
        return [json.loads(text) for text in self.texts]
