"""The checks of encryption, before a proxy with a certificate of its own making."""

import ssl
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import pytest

from hubbub.doctor.checks.tls import led_to_https
from hubbub.doctor.fetch import Address
from tests.doctor.front import Fault, Front, with_header, without_header
from tests.doctor.patient import Patient, Seen

pytestmark = pytest.mark.deployment


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file with a key and a certificate that nobody but its holder trusts."""
    path = tmp_path_factory.mktemp("tls") / "both"
    files = ("-keyout", str(path), "-out", f"{path}.crt")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *files),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"),
        ],
        check=True,
        capture_output=True,
    )
    path.write_bytes(path.read_bytes() + Path(f"{path}.crt").read_bytes())
    return path


@pytest.fixture(scope="module")
def secure(patient: Patient, certificate: Path) -> Iterator[Patient]:
    """The deployment behind TLS: a replica that knows its https address."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    with Front([], tls) as front, patient.replica(PUBLIC_URL=front.url) as replica:
        front.ports = [replica.port]
        yield Patient(patient.place, front)


def examine(secure: Patient, certificate: Path) -> Seen:
    trusted = {"PUBLIC_URL": secure.front.url, "SSL_CERT_FILE": str(certificate)}
    return secure.examine(**trusted)


def test_a_deployment_behind_tls_is_green(secure: Patient, certificate: Path) -> None:
    seen = examine(secure, certificate)
    assert seen.of("red") == [], seen.said
    assert {"tls.cookies", "tls.hsts", "csrf", "messages"} <= {*seen.of("green")}


def test_cookies_that_go_without_encryption_too(secure: Patient, certificate: Path) -> None:
    def bare(head: bytes) -> bytes:
        return head.replace(b"; Secure", b"")

    with secure.front.broken(Fault(answer=bare)):
        seen = examine(secure, certificate)
    assert seen.of("red") == ["tls.cookies"], seen.said


def test_browsers_that_are_not_told_to_stay_with_https(secure: Patient, certificate: Path) -> None:
    name = b"Strict-Transport-Security"
    for fault in (without_header(name), with_header(name, b"max-age=0")):
        with secure.front.broken(Fault(answer=fault)):
            seen = examine(secure, certificate)
        assert seen.of("red") == ["tls.hsts"], seen.said


def test_a_proxy_that_does_not_say_that_it_was_https(secure: Patient, certificate: Path) -> None:
    with secure.front.broken(Fault(request=with_header(b"X-Forwarded-Proto", b"http"))):
        seen = examine(secure, certificate)
    assert "tls.hsts" in seen.of("red"), seen.said


def test_a_certificate_that_nobody_trusts_cannot_be_looked_behind(secure: Patient) -> None:
    done = secure.run("--url", secure.front.url)
    assert done.returncode == 2
    assert "certificate" in done.stderr


class Redirecting(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(301)
        self.send_header("Location", "https://chat.example.org/")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_who_comes_by_http_has_to_be_led_to_https(patient: Patient) -> None:
    assert led_to_https(Address(urlsplit(patient.front.url), 5)).colour == "red"
    assert led_to_https(Address(urlsplit("http://127.0.0.1:1"), 5)).colour == "green"
    with HTTPServer(("127.0.0.1", 0), Redirecting) as server:
        Thread(target=server.handle_request, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        assert led_to_https(Address(urlsplit(url), 5)).colour == "green"
