"""The checks of encryption, before a proxy with a certificate of its own making."""

import ssl
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote

import pytest

from loadtests.lib.servers.process import HOST
from tests.doctor.deployment import Patient, Seen
from tests.doctor.faulty_proxy import Fault, Front, with_header, without_header
from tests.doctor.loopback import HTTP, HTTPS, Loopback, own_loopback

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
def tls(certificate: Path) -> ssl.SSLContext:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    return tls


@pytest.fixture(scope="module")
def secure(patient: Patient, tls: ssl.SSLContext) -> Iterator[Patient]:
    """The deployment behind TLS: a replica that knows its https address."""
    with Front([], tls=tls) as front, patient.replica(PUBLIC_URL=front.url) as replica:
        front.ports = [replica.port]
        yield Patient(patient.cluster, front)


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    with own_loopback() as loopback:
        yield loopback


@pytest.fixture
def at_usual_ports(patient: Patient, tls: ssl.SSLContext, loopback: Loopback) -> Iterator[Patient]:
    """The deployment behind TLS on port 443.

    Its Redis is not reached from there, which is no fault while two replicas hear each other.
    """
    with ExitStack() as started:
        front = started.enter_context(Front([], tls=tls, listener=loopback.listen(HTTPS)))
        for _ in range(2):
            replica = started.enter_context(patient.replica(PUBLIC_URL=front.url))
            front.ports.append(replica.port)
        yield Patient(patient.cluster, front, loopback.within)


def examine(secure: Patient, certificate: Path) -> Seen:
    """Postgres is asked by its unix socket, which is the same file on every loopback."""
    postgres = secure.cluster.postgres
    assert postgres
    database = postgres.url(secure.cluster.name).replace(HOST, quote(str(postgres.folder), safe=""))
    trusted = {"PUBLIC_URL": secure.front.url, "SSL_CERT_FILE": str(certificate)}
    return secure.examine(DATABASE_URL=database, **trusted)


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


def test_who_comes_by_http_has_to_be_led_to_https(
    at_usual_ports: Patient, loopback: Loopback, certificate: Path
) -> None:
    seen = examine(at_usual_ports, certificate)
    assert "tls.redirect" in seen.of("green"), seen.said
    with Front(at_usual_ports.front.ports, listener=loopback.listen(HTTP)) as plain:
        seen = examine(at_usual_ports, certificate)
        assert seen.of("red") == ["tls.redirect"], seen.said
        assert "gets 302" in seen.said["tls.redirect"]  # to a page by http

        leading = with_header(b"Location", f"{at_usual_ports.front.url}/".encode())
        with plain.broken(Fault(answer=leading)):
            seen = examine(at_usual_ports, certificate)
    assert seen.of("red") == [], seen.said
    assert "tls.redirect" in seen.of("green")
