"""One stream for what all processes say: a name, its colour, the line."""

import asyncio
import os
import sys
from collections.abc import Iterator
from itertools import cycle

COLOURS = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)
WIDTH = 11


class Output:
    """Used by the manager alone; colours only where a person looks, and did not set NO_COLOR."""

    def __init__(self) -> None:
        self._coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        self._colours: dict[str, int] = {}
        self._unused: Iterator[int] = cycle(COLOURS)

    def say(self, text: str) -> None:
        """Write a line of the manager's own."""
        self._write(self._painted(f"==> {text}", 1))

    def relay(self, name: str, line: str) -> None:
        """Write a line of a process."""
        if name not in self._colours:
            self._colours[name] = next(self._unused)
        self._write(f"{self._painted(f'{name:<{WIDTH}} |', self._colours[name])} {line}")

    async def relay_all(self, name: str, stream: asyncio.StreamReader) -> None:
        """Write all lines of a process, until it has closed its output."""
        while True:
            try:
                line = await stream.readline()
            except ValueError:  # longer than a line may be: the rest of it follows
                continue
            if not line:
                return
            self.relay(name, line.decode(errors="replace").rstrip())

    def _painted(self, text: str, colour: int) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._coloured else text

    def _write(self, line: str) -> None:
        try:
            print(line, flush=True)
        except OSError:  # whoever read it is gone; what runs, runs on until it is stopped
            sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115
