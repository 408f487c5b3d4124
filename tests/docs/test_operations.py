"""docs/operations.md matches the code: variables, alerts, commands, files, connection counts."""

import re
from functools import cache

import pytest
from django.conf import settings
from django.core.management import get_commands

from hubbub.doctor.checks.connections import REPLICA_CONNECTIONS
from loadtests.lib.servers.process import ROOT
from tests.docs.markdown import anchors

PAGE = ROOT / "docs/operations.md"
ALERTS = ROOT / "deploy/monitoring/alerts.yml"


@cache
def page() -> str:
    return PAGE.read_text()


def test_it_lists_every_variable_with_its_default() -> None:
    example = (ROOT / ".env.example").read_text()
    variables = dict(re.findall(r"^# ([A-Z_]+)=(.*)$", example, re.MULTILINE))
    rows = re.findall(r"^\| `([A-Z_]+)` \| (?:`(.*?)`)? *\|", page(), re.MULTILINE)
    assert dict(rows) == variables
    assert len(rows) == len(variables)


def test_every_alert_has_a_section_and_every_section_an_alert() -> None:
    named = set(re.findall(r"docs/operations\.md#([\w-]+)", ALERTS.read_text()))
    sections = {anchor for anchor in anchors(PAGE) if anchor.startswith("alert-")}
    assert named == sections


def test_it_names_only_existing_commands() -> None:
    named = set(re.findall(r"manage\.py ([a-z]+)", page()))
    assert {"doctor", "prune", "migrate", "owner"} <= named <= set(get_commands())


@pytest.mark.parametrize("path", ["deploy/gunicorn.conf.py", "deploy/nginx", "deploy/monitoring"])
def test_the_files_it_names_exist(path: str) -> None:
    assert path in page()
    assert (ROOT / path).exists()


def test_it_counts_connections_like_the_doctor() -> None:
    replica = settings.REALTIME_THREADS + REPLICA_CONNECTIONS
    web = settings.WEB_WORKERS * settings.WEB_THREADS
    assert f"`REALTIME_THREADS` + {REPLICA_CONNECTIONS}: {replica} by default" in page()
    assert f"`WEB_THREADS`: {web} by default" in page()
    assert f"one gunicorn need {2 * replica + web}, and {3 * replica + web} while" in page()
