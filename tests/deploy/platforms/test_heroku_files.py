"""Procfile, app.json and .profile match Heroku's rules and the code.

The schema next to this file restates Heroku's documentation of app.json.
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
from tests.deploy.platforms.heroku import KILL_SECONDS, PROFILE, procfile

ROUTER_SECONDS = 55  # the router closes a connection that is idle for this long
EXAMPLE = (ROOT / ".env.example").read_text()
APP_VARIABLES = {"OWNER", "DYNO_ALONE"}  # `postdeploy` and `scripts.heroku` read these


def app() -> Any:
    return json.loads((ROOT / "app.json").read_text())


def schema() -> jsonschema_rs.Validator:
    text = (ROOT / "tests/deploy/platforms/app-json.schema.json").read_text()
    return jsonschema_rs.validator_for(json.loads(text), validate_formats=True)


def profile(**environment: str) -> dict[str, str]:
    """Return the environment variables after `.profile` has run."""
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
def test_the_schema_rejects_what_heroku_rejects(wrong: dict[str, object]) -> None:
    assert not schema().is_valid(app() | wrong)


def test_app_json_has_everything_that_hubbub_needs() -> None:
    plans = {one["plan"].partition(":")[0] for one in app()["addons"]}
    assert plans == {"heroku-postgresql", "heroku-redis"}
    assert app()["env"]["SECRET_KEY"]["generator"] == "secret"
    # nginx's buildpack must be the last.
    assert [one["url"] for one in app()["buildpacks"]] == [
        *("heroku/python", "heroku-community/nginx")
    ]
    listed = set(re.findall(r"^# ([A-Z_]+)=", EXAMPLE, re.MULTILINE))
    assert app()["env"].keys() - listed == APP_VARIABLES


def test_web_is_the_only_process_type() -> None:
    assert procfile().keys() == {"release", "web"}
    assert app()["formation"].keys() == {"web"}


def test_the_image_has_the_same_python() -> None:
    version = (ROOT / ".python-version").read_text().strip()
    assert f"FROM python:{version}-slim AS base" in (ROOT / "Dockerfile").read_text()


def test_the_profile_sets_only_documented_variables() -> None:
    text = (ROOT / ".profile").read_text()
    listed = set(re.findall(r"^# ([A-Z_]+)=", EXAMPLE, re.MULTILINE))
    assert set(re.findall(r"export ([A-Z_]+)=", text)) - listed == {"PYTHONPATH"}


def test_config_vars_override_the_profile() -> None:
    config = {"REDIS_TLS_VERIFY": "1", "WEB_THREADS": "9", "PUBLIC_URL": "https://chat.example.org"}
    made = profile(HEROKU_APP_DEFAULT_DOMAIN_NAME="x.herokuapp.com", **config)
    assert {name: made[name] for name in config} == config


def test_heroku_s_domain_becomes_public_url() -> None:
    config = profile(HEROKU_APP_DEFAULT_DOMAIN_NAME="x-1.herokuapp.com")
    assert config["PUBLIC_URL"] == "https://x-1.herokuapp.com"
    assert "PUBLIC_URL" not in profile()


def test_a_drain_finishes_before_heroku_kills() -> None:
    drain = int(profile()["DRAIN_SECONDS"])
    assert drain + FINISH_SECONDS < KILL_SECONDS
    assert drain + dyno.FINISH_SECONDS < KILL_SECONDS


def test_the_documentation_counts_connections_correctly() -> None:
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


def test_pings_arrive_before_the_router_s_timeout() -> None:
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
def test_an_invalid_value_gives_an_error(variable: str, value: str, sentence: str) -> None:
    refused = subprocess.run(
        [sys.executable, "-m", "scripts.heroku"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], variable: value},
        capture_output=True,
        text=True,
    )
    assert refused.returncode == 1
    assert refused.stderr.splitlines() == [sentence]
