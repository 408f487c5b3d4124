"""What is started and closed, as a context manager: `with Redis() as redis`.

The base of every server, of a place, and of all that the benchmark starts. What fails to start is
closed again: nothing of it may be left running.
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
        """End it, also what is only half started."""

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
