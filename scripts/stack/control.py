"""The control protocol: JSON lines over a Unix socket, between a stack and a second terminal.

A client sends one request, such as `{"operation": "scale", "replicas": 4}`. The stack answers with
any number of `{"message": …}`, then one `{"done": true}` or `{"error": …}`.
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

Say = Callable[[str], None]
Request = dict[str, Any]
Answer = Callable[[Request, Say], Awaitable[None]]


async def listen(path: Path, answer: Answer) -> asyncio.Server:
    """Answer whoever asks at `path`, which only the stack's own user may write to."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def tell(**fields: object) -> None:
            writer.write(json.dumps(fields).encode() + b"\n")

        try:
            await answer(json.loads(await reader.readline()), lambda text: tell(say=text))
            tell(done=True)
        except StackError as error:
            tell(refused=str(error))
        except Exception as error:
            traceback.print_exc()
            said = f"{type(error).__name__}: {error}"
            tell(refused=f"The stack could not do that; its terminal says more. {said}")
        finally:
            with suppress(OSError):
                await writer.drain()
            writer.close()

    return await asyncio.start_unix_server(serve, str(path))


def send_request(path: Path, request: Request) -> Iterator[str]:
    """Send a request; yield what the stack says. Raises StackError when it refuses or is away."""
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(str(path))
        except OSError:
            raise StackError(f"No stack runs in {path.parent}: `make stack` starts one.") from None
        connection.sendall(json.dumps(request).encode() + b"\n")
        for line in connection.makefile():
            answer = json.loads(line)
            if "say" in answer:
                yield answer["say"]
            elif "refused" in answer:
                raise StackError(answer["refused"])
            else:
                return
    raise StackError("The stack ended before it was done.")
