"""The control protocol: JSON lines over a Unix socket, between a stack and a second terminal.

A client sends one request, such as `{"do": "scale", "replicas": 4}`. The stack answers with any
number of `{"say": …}`, then one `{"done": true}` or `{"refused": …}`. A newer release talks to the
running manager of an older one during a deploy, so these names must stay.
"""

import asyncio
import json
import socket
import traceback
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from scripts.stack.errors import StackError

Report = Callable[[str], None]
Request = dict[str, Any]
Handler = Callable[[Request, Report], Awaitable[None]]


async def listen(path: Path, handle: Handler) -> asyncio.Server:
    """Handle requests at `path`. The state directory lets only the stack's own user write to it."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def send(**fields: object) -> None:
            writer.write(json.dumps(fields).encode() + b"\n")

        try:
            await handle(json.loads(await reader.readline()), lambda text: send(say=text))
            send(done=True)
        except StackError as error:
            send(refused=str(error))
        except Exception as error:
            traceback.print_exc()
            reason = f"{type(error).__name__}: {error}"
            send(refused=f"The operation failed; the stack's terminal has the details. {reason}")
        finally:
            with suppress(OSError):
                await writer.drain()
            writer.close()

    return await asyncio.start_unix_server(serve, str(path))


def send_request(path: Path, request: Request) -> Iterator[str]:
    """Send a request, and yield the stack's messages.

    Raises StackError if the stack reports an error, or if no stack is running.
    """
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(str(path))
        except OSError:
            raise StackError(no_stack_message(path.parent)) from None
        connection.sendall(json.dumps(request).encode() + b"\n")
        for line in connection.makefile():
            answer = json.loads(line)
            if "say" in answer:
                yield answer["say"]
            elif "refused" in answer:
                raise StackError(answer["refused"])
            elif "done" in answer:
                return
            else:
                raise StackError(f"The stack sent an unknown answer: {line.strip()}")
    raise StackError("The stack exited before the operation was done.")


def no_stack_message(state_path: Path) -> str:
    return f"No stack is running in {state_path}. Start one with `make stack`."
