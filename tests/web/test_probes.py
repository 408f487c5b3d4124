"""The probes of `web`: /healthz, /readyz, and who may read /metrics."""

from pathlib import Path

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from hubbub.observability.exposition import METRICS_DIR
from hubbub.observability.logs import empty_context, request_id, set_request_context
from hubbub.web import probes
from loadtests.lib.monitoring.prometheus import Scrape


@pytest.fixture(autouse=True)
def fresh_readiness(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "readiness", probes.Readiness())


def get(path: str, address: str = "127.0.0.1", **headers: str) -> tuple[int, str]:
    """Send a request as a probe does, with an IP address as the Host header."""
    response = Client().get(path, headers={"Host": "10.1.2.3:8000", **headers}, REMOTE_ADDR=address)
    return response.status_code, response.content.decode()


def test_healthz_needs_no_database() -> None:
    assert get("/healthz") == (200, "ok\n")


def test_other_methods_are_refused_and_answers_are_not_cached() -> None:
    assert Client().post("/healthz").status_code == 405
    assert Client().head("/healthz").status_code == 200
    assert Client().get("/healthz").headers["Cache-Control"] == "no-store"


@pytest.mark.django_db
def test_a_process_is_ready_with_all_migrations_and_stays_ready() -> None:
    applied = MigrationRecorder(connection).migration_qs.filter(app="chat")
    last = applied.order_by("-name")[0]
    last.delete()
    assert get("/readyz")[0] == 503
    last.save(force_insert=True)
    assert get("/readyz") == (200, "ready\n")
    last.delete()
    assert get("/readyz") == (200, "ready\n")


@pytest.mark.django_db
def test_an_unknown_newer_migration_does_no_harm() -> None:
    MigrationRecorder(connection).record_applied("chat", "9999_of_a_newer_version")
    assert get("/readyz") == (200, "ready\n")


@pytest.mark.django_db
def test_workers_of_one_gunicorn_share_their_readiness(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(METRICS_DIR, str(tmp_path))
    last = MigrationRecorder(connection).migration_qs.filter(app="chat").order_by("-name")[0]
    last.delete()
    assert not probes.Readiness().check()
    last.save(force_insert=True)
    assert probes.Readiness().check()
    last.delete()
    assert probes.Readiness().check()


@pytest.mark.django_db
def test_a_worker_is_ready_without_the_shared_directory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(METRICS_DIR, str(tmp_path / "gone"))
    assert probes.Readiness().check()


def test_log_lines_of_a_probe_name_no_earlier_request() -> None:
    def probed() -> str | None:
        set_request_context("earlier-request")
        get("/healthz")
        return request_id.get()

    assert empty_context().run(probed) is None


@pytest.mark.django_db
def test_metrics_include_readiness_and_version() -> None:
    status, text = get("/metrics")
    assert status == 200
    assert Scrape(text).value("hubbub_ready") == 1
    assert Scrape(text).labels("hubbub_version_info", "version")


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["127.0.0.1", "10.2.3.4", "192.168.1.7", "fd00::7", "::1", ""])
def test_private_addresses_may_read_metrics(address: str) -> None:
    assert get("/metrics", address)[0] == 200


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "nonsense"])
def test_public_addresses_may_not_read_metrics(address: str) -> None:
    assert get("/metrics", address)[0] == 403


def test_metrics_are_refused_through_a_proxy() -> None:
    assert get("/metrics", **{"X-Forwarded-For": "127.0.0.1"})[0] == 403
