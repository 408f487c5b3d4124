"""Each check of pages and files turns red for just the fault that it looks for."""

import pytest

from tests.doctor.deployment import Deployment
from tests.doctor.faulty_proxy import Fault, with_header, with_status, without_header

pytestmark = pytest.mark.deployment


def test_an_address_that_is_not_the_public_one_is_red(deployment: Deployment) -> None:
    report = deployment.run_doctor(PUBLIC_URL="http://chat.invalid")
    assert report.with_status("red") == ["address"], report.messages
    assert f"PUBLIC_URL={deployment.proxy.url}" in report.messages["address"]


def test_a_proxy_that_serves_any_host_is_red(deployment: Deployment) -> None:
    own = deployment.proxy.url.removeprefix("http://").encode()
    with deployment.proxy.with_fault(Fault(request=with_header(b"Host", own))):
        report = deployment.run_doctor()
    assert report.with_status("red") == ["host"], report.messages


def test_forms_accepted_without_a_token_are_red(deployment: Deployment) -> None:
    def as_get(head: bytes) -> bytes:
        return head.replace(b"POST ", b"GET ")

    with deployment.proxy.with_fault(Fault(request=as_get)):
        report = deployment.run_doctor()
    assert report.with_status("red") == ["csrf"], report.messages


def test_forms_rejected_with_their_token_are_red(deployment: Deployment) -> None:
    """The proxy replaces the `Host` header, and the `PUBLIC_URL` of `web` is another address."""
    renamed = Fault(request=with_header(b"Host", b"localhost:8000"))
    misconfigured = deployment.replica(PUBLIC_URL="http://chat.invalid")
    with (
        misconfigured as other,
        deployment.proxy.in_front_of(other.port),
        deployment.proxy.with_fault(renamed),
    ):
        report = deployment.run_doctor()
    assert "csrf" in report.with_status("red"), report.messages
    assert "users cannot sign in" in report.messages["csrf"]


def test_errors_of_a_busy_proxy_are_grey(deployment: Deployment) -> None:
    """Errors prove neither that foreign origins and hosts are rejected, nor that forms work."""
    with deployment.proxy.with_fault(Fault(answer=with_status(b"400", b"403", to=b"503"))):
        report = deployment.run_doctor()
    assert {"origin", "host", "csrf"} <= {*report.with_status("grey")}, report.messages
    assert report.with_status("red") == [], report.messages


def test_a_form_that_fails_for_another_reason_is_grey(deployment: Deployment) -> None:
    with deployment.proxy.with_fault(Fault(answer=with_status(b"302", to=b"503"))):
        report = deployment.run_doctor()
    assert report.statuses["csrf"] == "grey", report.messages


def test_error_pages_that_show_settings_are_red(deployment: Deployment) -> None:
    with deployment.replica(DEBUG="1") as other, deployment.proxy.in_front_of(other.port):
        report = deployment.run_doctor()
    assert {"debug", "static"} <= {*report.with_status("red")}, report.messages


def test_public_metrics_are_red(deployment: Deployment) -> None:
    with deployment.proxy.with_fault(Fault(hidden=("/healthz", "/readyz"))):
        report = deployment.run_doctor()
    assert report.with_status("red") == ["private"], report.messages


def test_public_probes_are_yellow(deployment: Deployment) -> None:
    with deployment.proxy.with_fault(Fault(hidden=("/metrics",))):
        report = deployment.run_doctor()
    assert report.with_status("yellow") == ["private"], report.messages


def test_missing_static_files_are_red(deployment: Deployment) -> None:
    missing = Fault(hidden=(*Fault().hidden, "/static/hubbub/css/base"))
    with deployment.proxy.with_fault(missing):
        report = deployment.run_doctor()
    assert "static" in report.with_status("red"), report.messages
    assert "collectstatic" in report.messages["static"]


def test_uncompressed_static_files_are_red(deployment: Deployment) -> None:
    with deployment.proxy.with_fault(Fault(request=without_header(b"Accept-Encoding"))):
        report = deployment.run_doctor()
    assert report.with_status("red") == ["static.compressed"], report.messages


def test_static_files_that_browsers_do_not_cache_are_red(deployment: Deployment) -> None:
    with deployment.proxy.with_fault(Fault(answer=without_header(b"Cache-Control"))):
        report = deployment.run_doctor()
    assert report.with_status("red") == ["static.cached"], report.messages
