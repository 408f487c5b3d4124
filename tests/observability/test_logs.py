"""Log lines: their formats, and the ids that they contain.

They never contain a message's text or a secret, even after errors and at any log level.
"""

import json
import logging
import re
import secrets
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.exceptions import DisallowedHost

from hubbub.observability.logs import (
    JsonFormatter,
    LineFormatter,
    RefusalFilter,
    empty_context,
    set_connection_context,
    set_request_context,
)
from loadtests.lib.client import rest
from loadtests.lib.servers import Cluster, Postgres, Redis
from loadtests.lib.servers.web import Web
from loadtests.lib.simulation.account import Account
from tests.cluster.stage import Stage, open_all
from tests.support.probes import get
from tests.test_settings import manage, show

VERBOSE = {"LOG_FORMAT": "json", "LOG_LEVEL": "DEBUG"}
# An error with details that only PostgreSQL adds.
REFUSAL = """
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.body LIKE '%broken%' THEN
            RAISE EXCEPTION 'not this one' USING DETAIL = 'Failing row contains ' || NEW.body;
        END IF;
        RETURN NEW;
    END $$
"""


def record(message: str, *args: object, error: BaseException | None = None) -> logging.LogRecord:
    info = (type(error), error, error.__traceback__) if error else None
    return logging.LogRecord("hubbub.chat", logging.WARNING, "x.py", 1, message, args, info)


def as_json(made: logging.LogRecord) -> dict[str, Any]:
    text = JsonFormatter().format(made)
    assert "\n" not in text
    parsed: dict[str, Any] = json.loads(text)
    return parsed


def raised(error: Exception, cause: Exception | None = None) -> Exception:
    try:
        raise error from cause
    except Exception as caught:
        return caught


def test_a_json_line_has_time_level_logger_message_and_process() -> None:
    line = as_json(record("two\nlines %d \ud800", 7))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", line["time"])
    assert (line["level"], line["logger"]) == ("WARNING", "hubbub.chat")
    assert line["message"] == "two\nlines 7 \ud800"
    assert re.fullmatch(r"\S+:\d+", line["process"])


def test_a_suspicious_request_logs_one_warning_line() -> None:
    error = raised(DisallowedHost("Invalid host"))
    info = (type(error), error, error.__traceback__)
    name = "django.security.DisallowedHost"
    made = logging.LogRecord(name, logging.ERROR, "x.py", 1, "Invalid host", (), info)
    assert RefusalFilter().filter(made)
    line = empty_context().run(LineFormatter().format, made)
    assert line.endswith(f"WARNING {name} Invalid host")
    failed = record("Failed", error=error)
    assert RefusalFilter().filter(failed)
    assert "Traceback" in LineFormatter().format(failed)


def test_a_line_has_the_ids_of_its_request_or_connection_and_user() -> None:
    def of_request() -> list[str]:
        set_request_context("a-request")
        return [JsonFormatter().format(record("x")), LineFormatter().format(record("x"))]

    def of_socket() -> dict[str, Any]:
        set_connection_context("a-socket", 7)
        return as_json(record("x"))

    as_object, as_text = empty_context().run(of_request)
    assert json.loads(as_object)["request_id"] == "a-request"
    assert as_text.endswith("x (request_id=a-request)")
    line = empty_context().run(of_socket)
    assert (line["connection"], line["user"]) == ("a-socket", 7)
    assert not {"request_id", "connection", "user"} & empty_context().run(
        lambda: as_json(record("x")).keys()
    )


def test_an_exception_is_a_field_with_its_causes() -> None:
    line = as_json(record("failed", error=raised(ValueError("late"), raised(KeyError("early")))))
    text = line["exception"]
    assert text.index("builtins.KeyError: 'early'") < text.index("builtins.ValueError: late")
    assert "test_logs.py" in text
    assert "builtins.KeyError" in LineFormatter().format(
        record("failed", error=raised(ExceptionGroup("both", [raised(KeyError("inner"))])))
    )


@pytest.mark.parametrize("formatter", [JsonFormatter(), LineFormatter()])
@pytest.mark.parametrize(
    "secret",
    [
        record("Not Found: %s", "/accounts/password/reset/key/4-c0ffee/"),
        record("GET /accounts/confirm-email/c0ffee/?next=/"),
        record("cannot reach %s", "redis://user:c0ffee@host:6379/0"),
        record("failed: %s", "no\nDETAIL:  Failing row contains (1, c0ffee)."),
        record("failed: %r", ValueError("no\nDETAIL:  Failing row contains (c0ffee).")),
        record(
            "failed", error=raised(ValueError('no\nLINE 1: INSERT ... "c0ffee\n\nc0ffee"\n  ^'))
        ),
        record("failed", error=raised(ValueError(), raised(psycopg.Error("x\nDETAIL:  c0ffee")))),
    ],
)
def test_keys_and_database_details_are_removed(
    formatter: logging.Formatter, secret: logging.LogRecord
) -> None:
    text = formatter.format(secret)
    assert "c0ffee" not in text
    assert len(text) > 40


@pytest.fixture(scope="module")
def verbose(
    postgres: Postgres, redis: Redis, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Stage, Web]]:
    with (
        Cluster(replicas=1, postgres=postgres, redis=redis, environment=VERBOSE) as cluster,
        Web(cluster.environment) as web,
    ):
        yield Stage(cluster, tmp_path_factory.mktemp("sessions"), user_count=2), web


@pytest.mark.deployment
async def test_no_message_text_or_secret_is_logged(
    verbose: tuple[Stage, Web],
) -> None:
    stage, web = verbose
    marker, alice = f"marker-{secrets.token_hex(8)}", stage.user("alice")
    room, bot = stage.room([alice]), stage.bot_of(alice)
    assert stage.cluster.postgres is not None
    run = stage.cluster.postgres.execute
    run(REFUSAL, database=stage.cluster.name)
    run(
        "CREATE TRIGGER refuse BEFORE INSERT ON chat_message"
        " FOR EACH ROW EXECUTE FUNCTION refuse()",
        database=stage.cluster.name,
    )
    async with stage.client(alice, 0) as client:
        await open_all([client], room)
        await client.send(room, f"{marker} by socket")
        await client.command(
            "message.send", retry=False, room=room, nonce=f"{marker}-1", body=f"{marker} broken"
        )
        await client.write(f'{{"type": "message.send", "room": "{marker}"')
        assert post(web, bot, room, f"{marker} by REST") in (200, 201)
        assert post(web, bot, room, f"{marker} is broken") == 500
    password = stage.passwords["alice"]
    sign_in(web, "alice", password)
    sign_in(web, "alice", f"{password}-mistyped")
    get(web.port, f"/accounts/password/reset/key/4-{marker}/")
    get(web.port, f"/nowhere?token={marker}", Cookie=f"sessionid={marker}")
    logged = stage.cluster.replicas[0].log.read_text() + web.log.read_text()
    assert "not this one" in logged, "what fails is logged"
    key = alice.headers["Cookie"].partition("=")[2]
    for secret in (marker, key, bot.headers["Authorization"].split()[1], password):
        assert secret not in logged


@pytest.mark.deployment
async def test_every_line_of_every_process_is_json_with_its_ids(
    verbose: tuple[Stage, Web],
) -> None:
    stage, web = verbose
    alice = stage.user("alice")
    headers = alice.headers | {"X-Request-ID": "a-request-of-alice"}
    rest.call(f"127.0.0.1:{web.port}", "GET", "/rooms", headers)
    async with stage.client(alice, 0) as client:
        await client.wait_until(lambda: client.connected)
        await client.write("nonsense")
    web.stop()
    stage.cluster.replicas[0].stop()
    ours, theirs = lines(web.log), lines(stage.cluster.replicas[0].log)
    assert {"gunicorn.error", "hubbub.middleware"} <= {line["logger"] for line in ours}
    asked = [line for line in ours if line.get("request_id") == "a-request-of-alice"]
    assert [line["user"] for line in asked] == [alice.id]
    opened = [line for line in theirs if line["message"] == "Connection opened."]
    assert opened[-1]["user"] == alice.id
    assert opened[-1]["connection"]
    stage.cluster.replicas[0].start()


@pytest.mark.deployment
def test_a_response_has_the_id_of_its_request(verbose: tuple[Stage, Web]) -> None:
    _, web = verbose
    web.start()
    assert id_of_answer(web, "given-by-a-proxy") == "given-by-a-proxy"
    assert re.fullmatch(r"[0-9a-f]{32}", id_of_answer(web, ""))
    assert re.fullmatch(r"[0-9a-f]{32}", id_of_answer(web, "no name: at all"))


def id_of_answer(web: Web, given: str) -> str:
    headers = {"X-Request-ID": given} if given else {}
    request = urllib.request.Request(f"http://127.0.0.1:{web.port}/accounts/login/", None, headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return str(answer.headers["X-Request-ID"])


def lines(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines()]


def post(web: Web, person: Account, room: int, body: str) -> int:
    message = {"body": body, "nonce": secrets.token_hex(8)}
    try:
        rest.call(
            f"127.0.0.1:{web.port}", "POST", f"/rooms/{room}/messages", person.headers, message
        )
    except rest.RefusedError as refused:
        return refused.status
    return 200


def sign_in(web: Web, login: str, password: str) -> None:
    token = "c" * 32
    fields = {"login": login, "password": password, "csrfmiddlewaretoken": token}
    request = urllib.request.Request(
        f"http://127.0.0.1:{web.port}/accounts/login/",
        urllib.parse.urlencode(fields).encode(),
        {"Cookie": f"csrftoken={token}"},
    )
    with suppress(urllib.error.HTTPError), urllib.request.urlopen(request, timeout=30):
        pass


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("LOG_FORMAT", "xml", "LOG_FORMAT is 'xml'. It must be line or json."),
        ("LOG_LEVEL", "loud", "LOG_LEVEL is 'LOUD'. It must be DEBUG, INFO, WARNING or ERROR."),
    ],
)
def test_an_unknown_format_or_level_is_refused_with_a_message(
    tmp_path: Path, variable: str, value: str, sentence: str
) -> None:
    refused = manage(tmp_path, "check", **{variable: value})
    assert refused.returncode == 1
    assert refused.stderr == f"{sentence}\n"


def test_a_log_level_may_be_lower_case(tmp_path: Path) -> None:
    level = "LOGGING['loggers']['hubbub']['level']"
    assert show(tmp_path, level, LOG_LEVEL="debug") == ["DEBUG"]
