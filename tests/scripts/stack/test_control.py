"""The control protocol of the stack: a second terminal always learns the result of its request."""

import asyncio
import json
from pathlib import Path

import pytest

from scripts.stack import control
from scripts.stack.errors import StackError


async def _handle(request: control.Request, report: control.Report) -> None:
    if request == {"do": "status"}:
        report("all is well")
    else:
        raise StackError("The stack does not know this request.")


async def _ask(path: Path, request: control.Request) -> list[str]:
    return await asyncio.to_thread(lambda: list(control.send_request(path, request)))


async def test_messages_and_errors_reach_the_client(tmp_path: Path) -> None:
    path = tmp_path / "control"
    async with await control.listen(path, _handle):
        assert await _ask(path, {"do": "status"}) == ["all is well"]
        with pytest.raises(StackError, match="does not know this request"):
            await _ask(path, {"do": "dance"})


@pytest.mark.parametrize("answer", [{"finished": True}, {}])
async def test_an_unknown_answer_is_an_error(tmp_path: Path, answer: dict[str, bool]) -> None:
    async with await _server(tmp_path / "control", json.dumps(answer) + "\n"):
        with pytest.raises(StackError, match="unknown answer"):
            await _ask(tmp_path / "control", {"do": "status"})


async def test_a_stack_that_exits_before_it_is_done_is_an_error(tmp_path: Path) -> None:
    async with await _server(tmp_path / "control", '{"say": "half"}\n'):
        with pytest.raises(StackError, match="exited before"):
            await _ask(tmp_path / "control", {"do": "status"})


async def _server(path: Path, answer: str) -> asyncio.Server:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(answer.encode())
        writer.close()

    return await asyncio.start_unix_server(serve, str(path))
