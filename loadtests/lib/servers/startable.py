"""Something that is started and closed, as a context manager: `with Redis() as redis`.

The base of every server, of clusters, and of everything that the benchmark starts. If a start
fails, it is closed, so that no part of it keeps running.
"""

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class Startable(ABC):
    @abstractmethod
    def start(self) -> object:
        """Start; returns once it serves."""

    @abstractmethod
    def close(self) -> None:
        """End it, even if it has started only in part."""

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
