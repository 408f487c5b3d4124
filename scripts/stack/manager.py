"""The process behind `make stack`: starts everything, handles requests, stops everything.

The first Ctrl-C (or SIGTERM) stops all processes in order, and the second kills them.
"""

import asyncio
import signal
from pathlib import Path

from scripts.stack import control, operations
from scripts.stack.control import Report, Request
from scripts.stack.errors import StackError
from scripts.stack.options import Options
from scripts.stack.output import Output
from scripts.stack.ports import ensure_free
from scripts.stack.stack import Stack
from scripts.stack.state_directory import StateDirectory


class Manager:
    def __init__(self, options: Options, output: Output) -> None:
        self._options, self._output = options, output
        self._state = StateDirectory(options.state_path)
        self._stack = Stack(options, self._state, output)
        self._operation_lock = asyncio.Lock()
        self._operation: asyncio.Task[None] | None = None
        self._stop_requested = asyncio.Event()

    async def run(self) -> None:
        """Run until a signal stops it. Raises StackError when the stack cannot start."""
        self._state.create()
        self._state.lock()
        self._ensure_ports()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, self._request_stop)
        try:
            await self._run_until_stop()
        finally:
            self._output.write("Stopping")
            await self._stack.stop()
            self._output.write("Stopped")

    async def _run_until_stop(self) -> None:
        stop = asyncio.create_task(self._stop_requested.wait())
        start = asyncio.create_task(self._stack.start())
        await asyncio.wait((start, stop), return_when=asyncio.FIRST_COMPLETED)
        if not start.done():
            start.cancel()
            await asyncio.wait((start,))
            return
        await start
        server = await control.listen(self._state.control, self._handle)
        self._print_welcome()
        await stop
        server.close()
        self._state.control.unlink(missing_ok=True)
        await self._cancel_operation()

    def _request_stop(self) -> None:
        if self._stop_requested.is_set():
            self._stack.kill()
        self._stop_requested.set()

    def _ensure_ports(self) -> None:
        ensure_free(self._options.bind, self._options.port, "PORT")
        if self._options.tls_port:
            ensure_free(self._options.bind, self._options.tls_port, "TLS_PORT")

    def _print_welcome(self) -> None:
        self._output.write(f"Hubbub is running at {self._options.public_url} (Ctrl-C stops it)")
        for hint in (
            'Create the owner:    make stack-manage ARGS="owner alice"',
            'Add sample data:     make stack-manage ARGS="seed --yes"',
            "Add replicas:        make stack-scale REPLICAS=4",
        ):
            self._output.write(f"  {hint}")

    async def _handle(self, request: Request, report: Report) -> None:
        if request == {"do": "status"}:
            self._report_status(report)
            return
        self._ensure_not_stopping()
        if self._operation_lock.locked():
            raise StackError("Another operation is in progress. Try again when it is done.")
        async with self._operation_lock:
            self._operation = asyncio.create_task(self._execute(request, report))
            await asyncio.wait((self._operation,))
            if self._operation.cancelled():
                self._ensure_not_stopping()
            self._operation.result()

    async def _cancel_operation(self) -> None:
        """Cancel a running operation. Processes that it has started are stopped like all others."""
        if self._operation is not None:
            self._operation.cancel()
            await asyncio.wait((self._operation,))

    def _ensure_not_stopping(self) -> None:
        if self._stop_requested.is_set():
            raise StackError("The stack is stopping.")

    async def _execute(self, request: Request, report: Report) -> None:
        def report_everywhere(text: str) -> None:
            self._output.write(text)
            report(text)

        match request:
            case {"do": "scale", "replicas": int(replicas)}:
                await operations.scale(self._stack, replicas, report_everywhere)
            case {"do": "deploy", "root": str(root)}:
                await operations.deploy(self._stack, Path(root), report_everywhere)
            case _:
                raise StackError("Unknown request.")

    def _report_status(self, report: Report) -> None:
        for service in self._stack.services:
            report(
                f"{service.name:<12} {service.state:<9} port {service.port:<6} "
                f"pid {service.pid or '-':<8} {service.restarts} restarts"
            )
