"""What Heroku reads fits what it takes, and what the code does: Procfile, app.json and their kind.

The schema beside this file says in our words what Heroku's page of app.json does.
"""

import json
import os
import re
import subprocess
import sys
from typing import Any

import jsonschema_rs
import pytest

from hubbub.doctor.checks.connections import REPLICA_CONNECTIONS
from hubbub.realtime.lifecycle.drain import FINISH_SECONDS
from loadtests.lib.servers.process import ROOT
from scripts.heroku import dyno
from tests.deploy.heroku import KILL_SECONDS, PROFILE, procfile

ROUTER_SECONDS = 55  # for which the router bears silence
EXAMPLE = (ROOT / ".env.example").read_text()
OF_THE_APP = {"OWNER", "DYNO_ALONE"}  # of postdeploy and of scripts.heroku


def app() -> Any:
    return json.loads((ROOT / "app.json").read_text())


def schema() -> jsonschema_rs.Validator:
    text = (ROOT / "tests/deploy/app-json.schema.json").read_text()
    return jsonschema_rs.validator_for(json.loads(text), validate_formats=True)


def profile(**environment: str) -> dict[str, str]:
    """Return what `.profile` makes of an environment."""
    done = subprocess.run(
        ["bash", "-c", PROFILE, "env"],
        env={"HOME": str(ROOT), "PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(line.split("=", 1) for line in done.stdout.splitlines())


def test_app_json_fits_its_schema() -> None:
    assert [error.message for error in schema().iter_errors(app())] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"formations": {}},
        {"formation": {"web": {"quantity": "1"}}},
        {"formation": {"web": {"quantity": 1, "size": "huge"}}},
        {"addons": [{"plan": "Heroku Postgres"}]},
        {"env": {"secret": "x"}},
        {"env": {"SECRET_KEY": {"generator": "secret", "value": "x"}}},
        {"buildpacks": ["heroku/python"]},
        {"scripts": {"release": "true"}},
        {"success_url": "accounts/login/"},
    ],
)
def test_the_schema_refuses_what_heroku_does(wrong: dict[str, object]) -> None:
    assert not schema().is_valid(app() | wrong)


def test_it_has_what_the_place_needs() -> None:
    plans = {one["plan"].partition(":")[0] for one in app()["addons"]}
    assert plans == {"heroku-postgresql", "heroku-redis"}
    assert app()["env"]["SECRET_KEY"]["generator"] == "secret"
    # nginx's asks to be the last.
    assert [one["url"] for one in app()["buildpacks"]] == [
        *("heroku/python", "heroku-community/nginx")
    ]
    listed = set(re.findall(r"^# ([A-Z_]+)=", EXAMPLE, re.MULTILINE))
    assert app()["env"].keys() - listed == OF_THE_APP


def test_one_type_of_process_gets_all_the_traffic() -> None:
    assert procfile().keys() == {"release", "web"}
    assert app()["formation"].keys() == {"web"}


def test_its_python_is_that_of_the_image() -> None:
    version = (ROOT / ".python-version").read_text().strip()
    assert f"FROM python:{version}-slim AS base" in (ROOT / "Dockerfile").read_text()


def test_the_profile_names_only_variables_that_are_read() -> None:
    text = (ROOT / ".profile").read_text()
    listed = set(re.findall(r"^# ([A-Z_]+)=", EXAMPLE, re.MULTILINE))
    assert set(re.findall(r"export ([A-Z_]+)=", text)) - listed == {"PYTHONPATH"}


def test_what_is_set_comes_before_the_profile() -> None:
    told = {"REDIS_TLS_VERIFY": "1", "WEB_THREADS": "9", "PUBLIC_URL": "https://chat.example.org"}
    made = profile(HEROKU_APP_DEFAULT_DOMAIN_NAME="x.herokuapp.com", **told)
    assert {name: made[name] for name in told} == told


def test_the_address_that_heroku_tells_is_the_public_one() -> None:
    told = profile(HEROKU_APP_DEFAULT_DOMAIN_NAME="x-1.herokuapp.com")
    assert told["PUBLIC_URL"] == "https://x-1.herokuapp.com"
    assert "PUBLIC_URL" not in profile()


def test_a_drain_is_over_before_heroku_kills() -> None:
    drain = int(profile()["DRAIN_SECONDS"])
    assert drain + FINISH_SECONDS < KILL_SECONDS
    assert drain + dyno.FINISH_SECONDS < KILL_SECONDS


def test_its_page_counts_connections_as_the_settings_make_them() -> None:
    page = (ROOT / "docs/operations.md").read_text().split("\n## Heroku\n")[1].split("\n## ")[0]
    made = profile()
    web, replica = int(made["WEB_THREADS"]), int(made["REALTIME_THREADS"])
    rows = re.findall(r"^\| .+ \| (\d+|–) \| (\d+) \| (\d+) \|$", page, re.MULTILINE)
    *dynos, alone = rows
    assert len(dynos) == 4
    for workers, postgres, redis in dynos:
        together = int(workers) * web + replica + REPLICA_CONNECTIONS
        assert (int(postgres), int(redis)) == (together, int(workers) * (web + 1) + 2)
    assert alone == ("–", str(web + replica + REPLICA_CONNECTIONS), str(web + 3))


def test_pings_come_before_the_router_loses_patience() -> None:
    [default] = re.findall(r"^# PING_INTERVAL_SECONDS=(\d+)$", EXAMPLE, re.MULTILINE)
    assert 2 * int(default) < ROUTER_SECONDS


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("PORT", "web", "PORT must be a number from 1 to 65535, not 'web'."),
        ("DYNO_ALONE", "perhaps", "DYNO_ALONE must be 1 or 0, not 'perhaps'."),
        ("NGINX_WORKERS", "0", "NGINX_WORKERS must be a number from 1 to 1000000, not '0'."),
    ],
)
def test_a_wrong_value_gets_a_sentence(variable: str, value: str, sentence: str) -> None:
    refused = subprocess.run(
        [sys.executable, "-m", "scripts.heroku"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], variable: value},
        capture_output=True,
        text=True,
    )
    assert refused.returncode == 1
    assert refused.stderr.splitlines() == [sentence]
