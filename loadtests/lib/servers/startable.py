"""Something that is started and closed, as a context manager: `with Redis() as redis`.

`Startable` is the base class of every server, of clusters, and of everything that the benchmark
starts. If a start fails, the object is closed, so that no part of it keeps running.
"""

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class Startable(ABC):
    @abstractmethod
    def start(self) -> object:
        """Start everything. Return once all of it can serve."""

    @abstractmethod
    def close(self) -> None:
        """End everything, even if the start succeeded only in part."""

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
