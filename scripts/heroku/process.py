"""One process of a dyno: started once, and never again."""

import asyncio
import os
from contextlib import suppress

from scripts.stack.child_process import end_group, launcher_command, spawn
from scripts.stack.output import Output
from scripts.stack.service import Program


class Process:
    def __init__(self, name: str, program: Program, output: Output) -> None:
        self.name, self.program = name, program
        self._output = output
        self._pid: int | None = None  # while it runs

    async def run(self) -> int:
        """Run it to its end, and end what it leaves behind; return its exit code."""
        program = self.program
        command = launcher_command(program.command, program.orphan_signal)
        process, said = await spawn(command, program.environment, program.folder)
        self._pid = process.pid
        relayed = asyncio.create_task(self._output.relay_all(self.name, said))
        code = await process.wait()
        self._pid = None
        end_group(process.pid)  # workers would keep on listening, and their output open
        await relayed
        return code

    def stop(self) -> None:
        """Ask it to end, if it has not been asked or has not ended already."""
        if self._pid is not None:
            with suppress(ProcessLookupError):
                os.kill(self._pid, self.program.stop_signal)

    def kill(self) -> None:
        if self._pid is not None:
            end_group(self._pid)
