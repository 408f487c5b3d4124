"""The process behind `make stack`: starts all, keeps it running, answers requests, stops all.

The first Ctrl-C (or SIGTERM) ends everything in order, the second at once.
"""

import asyncio
import signal
from pathlib import Path

from scripts.stack import control, operations
from scripts.stack.control import Request, Say
from scripts.stack.errors import StackError
from scripts.stack.options import Options
from scripts.stack.output import Output
from scripts.stack.ports import ensure_free
from scripts.stack.stack import Stack
from scripts.stack.state_directory import StateDirectory


class Manager:
    def __init__(self, options: Options, output: Output) -> None:
        self._options, self._output = options, output
        self._folder = StateDirectory(options.folder)
        self._stack = Stack(options, self._folder, output)
        self._turn = asyncio.Lock()
        self._asked_to_stop = asyncio.Event()
        self._changing: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Run until asked to stop. Raises StackError when it cannot start."""
        self._folder.make()
        self._folder.lock()
        self._ensure_ports()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, self._ask_to_stop)
        try:
            await self._until_asked()
        finally:
            self._output.say("Stopping")
            await self._stack.stop()
            self._output.say("Stopped")

    async def _until_asked(self) -> None:
        stop = asyncio.create_task(self._asked_to_stop.wait())
        start = asyncio.create_task(self._stack.start())
        await asyncio.wait((start, stop), return_when=asyncio.FIRST_COMPLETED)
        if not start.done():
            start.cancel()
            await asyncio.wait((start,))
            return
        await start
        server = await control.listen(self._folder.control, self._answer)
        self._welcome()
        await stop
        server.close()
        self._folder.control.unlink(missing_ok=True)
        await self._give_up_change()

    def _ask_to_stop(self) -> None:
        if self._asked_to_stop.is_set():
            self._stack.kill()
        self._asked_to_stop.set()

    def _ensure_ports(self) -> None:
        ensure_free(self._options.bind, self._options.port, "PORT")
        if self._options.tls_port:
            ensure_free(self._options.bind, self._options.tls_port, "TLS_PORT")

    def _welcome(self) -> None:
        self._output.say(f"Hubbub is running at {self._options.public_url} (Ctrl-C stops it)")
        for hint in (
            'Its owner:       make stack-manage ARGS="owner alice"',
            'People to try:   make stack-manage ARGS="seed --yes"',
            "More replicas:   make stack-scale REPLICAS=4",
        ):
            self._output.say(f"  {hint}")

    async def _answer(self, request: Request, say: Say) -> None:
        if request == {"operation": "status"}:
            self._tell(say)
            return
        self._refuse_when_stopping()
        if self._turn.locked():
            raise StackError("The stack is being changed already: try again when that is done.")
        async with self._turn:
            self._changing = asyncio.create_task(self._change(request, say))
            await asyncio.wait((self._changing,))
            if self._changing.cancelled():
                self._refuse_when_stopping()
            self._changing.result()

    async def _give_up_change(self) -> None:
        """End a change that is under way: what it has started is stopped with everything else."""
        if self._changing is not None:
            self._changing.cancel()
            await asyncio.wait((self._changing,))

    def _refuse_when_stopping(self) -> None:
        if self._asked_to_stop.is_set():
            raise StackError("The stack is stopping.")

    async def _change(self, request: Request, say: Say) -> None:
        def tell(text: str) -> None:
            self._output.say(text)
            say(text)

        match request:
            case {"operation": "scale", "replicas": int(replicas)}:
                await operations.scale(self._stack, replicas, tell)
            case {"operation": "deploy", "root": str(root)}:
                await operations.deploy(self._stack, Path(root), tell)
            case _:
                raise StackError("The stack does not know this request.")

    def _tell(self, say: Say) -> None:
        for one in self._stack.services:
            say(
                f"{one.name:<12} {one.state:<9} port {one.port:<6} pid {one.pid or '-':<8} "
                f"{one.deaths} restarts"
            )
