"""Schemathesis over REST: no 5xx, no answer that the document does not tell, no way in unknown.

It runs as its users do, as a command of its own, against a real replica and as different people.
What it finds is in its output, with a `curl` to see it again.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from loadtests.lib.servers.process import ROOT
from loadtests.lib.simulation.account import Account
from tests.cluster.stage import Stage
from tests.fuzz.raw_http import visit
from tests.fuzz.rounds import SEED, TIMES

pytestmark = [pytest.mark.deployment, pytest.mark.timeout(120 * max(1, TIMES))]

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
RUN_SECONDS = 100 * max(1, TIMES)
CSRF = "c" * 32


def explore(
    stage: Stage, headers: dict[str, str], folder: Path, phases: str, most: int, *options: str
) -> None:
    """Have schemathesis ask with these headers, so many times at most for each operation."""
    ran = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIGURATION), "run"),
            f"http://{stage.address(0)}/api/openapi.json",
            *(part for name, value in headers.items() for part in ("-H", f"{name}: {value}")),
            *("--phases", phases, "--max-examples", str(most * TIMES), "--seed", str(SEED)),
            *options,
        ],
        cwd=folder,
        env={
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": str(ROOT),
            "SCHEMATHESIS_HOOKS": "tests.fuzz.bounded",
        },
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
    )
    assert ran.returncode == 0, ran.stdout[-8_000:] + ran.stderr[-2_000:]
    assert "21 selected / 21 total" in ran.stdout


def signed_in(person: Account) -> dict[str, str]:
    """Return the headers of a page's own scripts."""
    cookie = f"{person.headers['Cookie']}; csrftoken={CSRF}"
    return {"Cookie": cookie, "X-CSRFToken": CSRF}


def test_as_the_owner_of_the_place_with_a_token(target: Stage, tmp_path: Path) -> None:
    bot = target.bot_of(target.person("alice"))
    explore(target, bot.headers, tmp_path, "coverage", 1)


def test_as_a_member_with_a_session_one_step_after_another(target: Stage, tmp_path: Path) -> None:
    # It sends wrong tokens beside the cookie; what is no bearer token is passed over.
    beside = ("--exclude-checks", "ignored_auth")
    headers = signed_in(target.person("bob"))
    explore(target, headers, tmp_path, "fuzzing,stateful", 6, *beside)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer hub_nothing"},
        {"Authorization": "Bearer "},
        {"Authorization": "Basic YWxpY2U6eA=="},
        {"Cookie": "sessionid=nobody"},
        {"Cookie": "sessionid=nobody; csrftoken=" + CSRF, "X-CSRFToken": CSRF},
        {"Cookie": "sessionid=\xff\xfe"},
    ],
    ids=str,
)
def test_nobody_gets_anything_of_any_operation(target: Stage, headers: dict[str, str]) -> None:
    replica = target.cluster.replicas[0]
    document = json.loads(visit(replica.port, "GET", "/api/openapi.json").body)
    assert len(document["paths"]) > 10
    for path, operations in document["paths"].items():
        for method in operations:
            address = path.format(room_id=1, message_id=1, user_id=1)
            answer = visit(replica.port, method.upper(), address, headers, b"{}")
            assert answer.status in (401, 403), (method, address, answer)
            assert set(json.loads(answer.body)) == {"code", "detail"}
