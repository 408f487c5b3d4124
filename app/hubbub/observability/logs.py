"""How log lines look: for people (`line`) or for machines (`json`), chosen by LOG_FORMAT.

The settings name the formatters; gunicorn, Daphne, Twisted and Django log through them, too. What a
line is about (a request, a socket, a person) is set once by the doors and added here, so nobody
repeats it. No line has a message's text or a secret: databases repeat values in the details of
their errors, and some paths carry keys; both are left out here, whoever logs them.
"""

import json
import logging
import re
import socket
import traceback
from contextvars import Context, ContextVar
from datetime import UTC, datetime
from typing import Any, Final

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
connection: ContextVar[str | None] = ContextVar("connection", default=None)
user: ContextVar[int | None] = ContextVar("user", default=None)

HOST: Final = socket.gethostname()
# "ERROR: …" and then lines that repeat what was written, as is or in a `repr`.
DETAILS: Final = re.compile(r"(\n|\\n)(DETAIL|LINE \d+|CONTEXT|QUERY|HINT):.*", re.DOTALL)
KEYS_IN_PATHS: Final = re.compile(r"(/accounts/(?:password/reset/key|confirm-email)/)[^/\s\"'?]+")
PASSWORDS_IN_URLS: Final = re.compile(r"(://[^:/@\s]*:)[^@/\s]+@")


def about_request(id: str | None) -> None:
    """Let the lines of this thread be about a request; of whom, somebody later may find out.

    None: about one that has no id (a probe).

    Until the next one begins: Django logs what was refused when all middleware is through.
    """
    request_id.set(id)
    user.set(None)


def about_socket(connection_id: str, user_id: int) -> None:
    """Let the rest of the running task, and what it begins, be about a socket."""
    connection.set(connection_id)
    user.set(user_id)


def about_nobody() -> Context:
    """Return the context for a task that serves many, whoever happened to begin it."""
    return Context()


class RefusalFilter(logging.Filter):
    """Make a warning in one line of what Django takes for a suspicious request.

    It logs those as errors, with a traceback, and anybody may send as many as they like: a wrong
    host, a thousand fields, an admin's filter that is none.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.startswith("django.security."):
            record.levelno, record.levelname = logging.WARNING, "WARNING"
            record.exc_info = record.exc_text = None
        return True


class LineFormatter(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("{asctime} {levelname} {name} {message}", style="{")

    def formatMessage(self, record: logging.LogRecord) -> str:
        ids = "".join(f" {name}={value}" for name, value in _ids().items())
        return _without_secrets(super().formatMessage(record)) + (f" ({ids[1:]})" if ids else "")

    def formatException(self, ei: Any) -> str:
        return _told(ei[1])


class JsonFormatter(logging.Formatter):
    """One object a line: time, level, logger, message, process, and what it is about."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC)
        line: dict[str, Any] = {
            "time": at.isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": _without_secrets(record.getMessage()),
            "process": f"{HOST}:{record.process}",
            **_ids(),
        }
        if record.exc_info and record.exc_info[1] is not None:
            line["exception"] = _told(record.exc_info[1])
        return json.dumps(line)


def _ids() -> dict[str, str | int]:
    ids = {"request_id": request_id.get(), "connection": connection.get(), "user": user.get()}
    return {name: value for name, value in ids.items() if value is not None}


def _without_secrets(text: str) -> str:
    text = DETAILS.sub("", text)
    text = KEYS_IN_PATHS.sub(r"\1***", text)
    return PASSWORDS_IN_URLS.sub(r"\1***@", text)


def _told(error: BaseException) -> str:
    """Return a traceback with those of the errors that led to this one, the first one first."""
    chain: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in chain:
        chain.append(cause)
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return "\n\n".join(_told_alone(each) for each in reversed(chain))


def _told_alone(error: BaseException) -> str:
    frames = "".join(traceback.format_tb(error.__traceback__))
    name = f"{type(error).__module__}.{type(error).__qualname__}"
    told = f"Traceback (most recent call last):\n{frames}{name}: {_without_secrets(str(error))}"
    inner = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    return "\n\n".join([told, *(_told(each) for each in inner)])
