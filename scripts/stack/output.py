"""Merges the output of all processes, and starts each line with the name of its process."""

import asyncio
import os
import sys
from collections.abc import Iterator
from itertools import cycle

COLOURS = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)
BOLD = 1
NAME_COLUMNS = 11


class Output:
    """Writes lines to standard output, in colour on a terminal unless NO_COLOR is set."""

    def __init__(self) -> None:
        self._coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        self._colours: dict[str, int] = {}
        self._next_colours: Iterator[int] = cycle(COLOURS)

    def write(self, text: str) -> None:
        """Write a line that comes from this process itself."""
        self._print(self._painted(f"==> {text}", BOLD))

    def relay(self, name: str, line: str) -> None:
        """Write a line that a child process printed, after the name of that process."""
        if name not in self._colours:
            self._colours[name] = next(self._next_colours)
        self._print(f"{self._painted(f'{name:<{NAME_COLUMNS}} |', self._colours[name])} {line}")

    async def relay_all(self, name: str, stream: asyncio.StreamReader) -> None:
        """Write all lines that a child process prints, until it closes its output."""
        while True:
            try:
                line = await stream.readline()
            except ValueError:  # the line exceeds the limit; the next read returns its rest
                continue
            if not line:
                return
            self.relay(name, line.decode(errors="replace").rstrip())

    def _painted(self, text: str, colour: int) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._coloured else text

    def _print(self, line: str) -> None:
        try:
            print(line, flush=True)
        # Nobody reads the output any more, but the processes run until they are stopped.
        except OSError:
            sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115
