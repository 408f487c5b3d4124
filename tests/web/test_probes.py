"""The probes of `web`: the process alone, migrations applied, metrics for whom they are meant."""

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
def just_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "readiness", probes.Readiness())


def get(path: str, address: str = "127.0.0.1", **headers: str) -> tuple[int, str]:
    """Ask as a probe does: by an address, which is the Host, too."""
    response = Client().get(path, headers={"Host": "10.1.2.3:8000", **headers}, REMOTE_ADDR=address)
    return response.status_code, response.content.decode()


def test_health_asks_nothing_of_the_database() -> None:
    assert get("/healthz") == (200, "ok\n")


def test_other_methods_are_refused_and_nothing_is_kept() -> None:
    assert Client().post("/healthz").status_code == 405
    assert Client().head("/healthz").status_code == 200
    assert Client().get("/healthz").headers["Cache-Control"] == "no-store"


@pytest.mark.django_db
def test_ready_is_who_has_all_migrations_and_stays_so() -> None:
    applied = MigrationRecorder(connection).migration_qs.filter(app="chat")
    last = applied.order_by("-name")[0]
    last.delete()
    assert get("/readyz")[0] == 503
    last.save(force_insert=True)
    assert get("/readyz") == (200, "ready\n")
    last.delete()
    assert get("/readyz") == (200, "ready\n")


@pytest.mark.django_db
def test_a_migration_of_a_newer_version_does_no_harm() -> None:
    MigrationRecorder(connection).record_applied("chat", "9999_of_a_newer_version")
    assert get("/readyz") == (200, "ready\n")


@pytest.mark.django_db
def test_the_workers_of_one_gunicorn_are_ready_together(
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
def test_without_its_folder_a_worker_is_ready_by_itself(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(METRICS_DIR, str(tmp_path / "gone"))
    assert probes.Readiness().check()


def test_what_is_logged_of_a_probe_names_no_request_before_it() -> None:
    def probed() -> str | None:
        set_request_context("the-one-before")
        get("/healthz")
        return request_id.get()

    assert empty_context().run(probed) is None


@pytest.mark.django_db
def test_metrics_say_whether_it_is_ready_and_which_version_runs() -> None:
    status, text = get("/metrics")
    assert status == 200
    assert Scrape(text).value("hubbub_ready") == 1
    assert Scrape(text).labels("hubbub_version_info", "version")


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["127.0.0.1", "10.2.3.4", "192.168.1.7", "fd00::7", "::1", ""])
def test_private_addresses_see_metrics(address: str) -> None:
    assert get("/metrics", address)[0] == 200


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "nonsense"])
def test_public_addresses_do_not(address: str) -> None:
    assert get("/metrics", address)[0] == 403


def test_nobody_sees_metrics_through_a_proxy() -> None:
    assert get("/metrics", **{"X-Forwarded-For": "127.0.0.1"})[0] == 403
