"""An in-memory transport, which records the frames written to it and how it was closed."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

from hubbub.realtime.connections.transport import OnDisconnect, OnText
from hubbub.realtime.protocol.websocket_frames import FrameBatch


@dataclass
class FakeTransport:
    """A transport that reports `buffered_bytes` unsent bytes."""

    texts: list[str] = field(default_factory=list)
    writes: int = 0
    buffered_bytes: int = 0
    code: int | None = None
    aborted: bool = False

    def attach(self, on_text: OnText, on_disconnect: OnDisconnect) -> bool:
        return False

    def write(self, batch: FrameBatch) -> int:
        self.texts += [frame.text for frame in batch.frames]
        self.writes += 1
        return self.buffered_bytes

    def close(self, code: int) -> None:
        self.code = code

    def abort(self) -> None:
        self.aborted = True

    async def wait_for_buffer_space(self) -> None:
        while self.buffered_bytes:  # noqa: ASYNC110
            await asyncio.sleep(0)

    @property
    def frames(self) -> list[dict[str, Any]]:
        return [json.loads(text) for text in self.texts]
