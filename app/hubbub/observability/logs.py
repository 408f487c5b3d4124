"""Formats log lines as text (`line`) or JSON (`json`), as LOG_FORMAT says.

Settings name the formatters. gunicorn, Daphne, Twisted and Django log through them, too. Each entry
point sets once what its log lines are about (a request, a connection, a user), and the formatters
add it to every line. No line contains a message's text or a secret: databases repeat values in the
details of their errors, and some paths contain keys. Both are removed here from all log lines.
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
# After its "ERROR: …" line, Postgres repeats what was written. In a `repr`, line breaks are `\n`.
DETAILS: Final = re.compile(r"(\n|\\n)(DETAIL|LINE \d+|CONTEXT|QUERY|HINT):.*", re.DOTALL)
KEYS_IN_PATHS: Final = re.compile(r"(/accounts/(?:password/reset/key|confirm-email)/)[^/\s\"'?]+")
PASSWORDS_IN_URLS: Final = re.compile(r"(://[^:/@\s]*:)[^@/\s]+@")


def set_request_context(id: str | None) -> None:
    """Add this request's id to the log lines of the thread. `id` is None for a probe.

    The user is unknown at first; authentication sets it later. The context stays until the next
    request starts, since Django logs refused requests after all middleware has run.
    """
    request_id.set(id)
    user.set(None)


def set_connection_context(connection_id: str, user_id: int) -> None:
    """Add a connection and its user to the log lines of this task and of tasks it starts."""
    connection.set(connection_id)
    user.set(user_id)


def empty_context() -> Context:
    """Return a context for a task that serves many connections, not only the one that starts it."""
    return Context()


class RefusalFilter(logging.Filter):
    """Turn Django's errors about suspicious requests into one-line warnings.

    Django logs such a request as an error with a traceback, and any client can cause as many of
    these as it likes, with a wrong host, a thousand fields or an invalid filter in the Django
    admin.
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
        return _format_exception_chain(ei[1])


class JsonFormatter(logging.Formatter):
    """Write one JSON object per line: time, level, logger, message, process and context ids."""

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
            line["exception"] = _format_exception_chain(record.exc_info[1])
        return json.dumps(line)


def _ids() -> dict[str, str | int]:
    ids = {"request_id": request_id.get(), "connection": connection.get(), "user": user.get()}
    return {name: value for name, value in ids.items() if value is not None}


def _without_secrets(text: str) -> str:
    text = DETAILS.sub("", text)
    text = KEYS_IN_PATHS.sub(r"\1***", text)
    return PASSWORDS_IN_URLS.sub(r"\1***@", text)


def _format_exception_chain(error: BaseException) -> str:
    """Return the tracebacks of an error and its causes, the root cause first."""
    chain: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in chain:
        chain.append(cause)
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return "\n\n".join(_format_exception(each) for each in reversed(chain))


def _format_exception(error: BaseException) -> str:
    stack = "".join(traceback.format_tb(error.__traceback__))
    name = f"{type(error).__module__}.{type(error).__qualname__}"
    text = f"Traceback (most recent call last):\n{stack}{name}: {_without_secrets(str(error))}"
    inner = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    return "\n\n".join([text, *(_format_exception_chain(each) for each in inner)])
