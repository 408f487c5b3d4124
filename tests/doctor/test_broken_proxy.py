"""Each check of pages and files is red for a deployment that is broken in just that way."""

import pytest

from tests.doctor.deployment import Patient
from tests.doctor.faulty_proxy import Fault, with_header, with_status, without_header

pytestmark = pytest.mark.deployment


def test_an_address_that_is_not_the_public_one(patient: Patient) -> None:
    seen = patient.examine(PUBLIC_URL="http://chat.invalid")
    assert seen.of("red") == ["address"], seen.said
    assert f"PUBLIC_URL={patient.front.url}" in seen.said["address"]


def test_a_proxy_that_serves_any_host(patient: Patient) -> None:
    own = patient.front.url.removeprefix("http://").encode()
    with patient.front.broken(Fault(request=with_header(b"Host", own))):
        seen = patient.examine()
    assert seen.of("red") == ["host"], seen.said


def test_forms_that_are_taken_without_a_token(patient: Patient) -> None:
    def read(head: bytes) -> bytes:
        return head.replace(b"POST ", b"GET ")

    with patient.front.broken(Fault(request=read)):
        seen = patient.examine()
    assert seen.of("red") == ["csrf"], seen.said


def test_forms_that_are_refused_with_one(patient: Patient) -> None:
    """The proxy names itself as the host, and nobody has told web what people call it."""
    inside = Fault(request=with_header(b"Host", b"localhost:8000"))
    elsewhere = patient.replica(PUBLIC_URL="http://chat.invalid")
    with elsewhere as other, patient.front.before(other.port), patient.front.broken(inside):
        seen = patient.examine()
    assert "csrf" in seen.of("red"), seen.said
    assert "nobody can sign in" in seen.said["csrf"]


def test_refusals_by_a_proxy_that_is_busy_mean_nothing(patient: Patient) -> None:
    """Neither that foreign pages and hosts are kept out, nor that forms are taken."""
    with patient.front.broken(Fault(answer=with_status(b"400", b"403", to=b"503"))):
        seen = patient.examine()
    assert {"origin", "host", "csrf"} <= {*seen.of("grey")}, seen.said
    assert seen.of("red") == [], seen.said


def test_a_form_that_fails_with_its_token_says_nothing(patient: Patient) -> None:
    with patient.front.broken(Fault(answer=with_status(b"302", to=b"503"))):
        seen = patient.examine()
    assert seen.colours["csrf"] == "grey", seen.said


def test_errors_that_show_the_inside(patient: Patient) -> None:
    with patient.replica(DEBUG="1") as other, patient.front.before(other.port):
        seen = patient.examine()
    assert {"debug", "static"} <= {*seen.of("red")}, seen.said


def test_metrics_that_everybody_can_read(patient: Patient) -> None:
    with patient.front.broken(Fault(hidden=("/healthz", "/readyz"))):
        seen = patient.examine()
    assert seen.of("red") == ["private"], seen.said


def test_probes_that_everybody_can_ask_are_yellow(patient: Patient) -> None:
    with patient.front.broken(Fault(hidden=("/metrics",))):
        seen = patient.examine()
    assert seen.of("yellow") == ["private"], seen.said


def test_static_files_that_are_missing(patient: Patient) -> None:
    missing = Fault(hidden=(*Fault().hidden, "/static/hubbub/css/base"))
    with patient.front.broken(missing):
        seen = patient.examine()
    assert "static" in seen.of("red"), seen.said
    assert "collectstatic" in seen.said["static"]


def test_static_files_that_are_not_compressed(patient: Patient) -> None:
    with patient.front.broken(Fault(request=without_header(b"Accept-Encoding"))):
        seen = patient.examine()
    assert seen.of("red") == ["static.compressed"], seen.said


def test_static_files_that_browsers_do_not_keep(patient: Patient) -> None:
    with patient.front.broken(Fault(answer=without_header(b"Cache-Control"))):
        seen = patient.examine()
    assert seen.of("red") == ["static.kept"], seen.said
