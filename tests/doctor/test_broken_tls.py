"""The checks of encryption, against a proxy with a self-signed certificate."""

import ssl
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote

import pytest

from loadtests.lib.servers.process import HOST
from tests.doctor.deployment import Deployment, DoctorReport
from tests.doctor.faulty_proxy import Fault, FaultyProxy, with_header, without_header
from tests.doctor.loopback import HTTP, HTTPS, Loopback, own_loopback

pytestmark = pytest.mark.deployment


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file with a key and a self-signed certificate."""
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
def secure(deployment: Deployment, tls: ssl.SSLContext) -> Iterator[Deployment]:
    """The deployment behind TLS, with one replica whose PUBLIC_URL is the https address."""
    with FaultyProxy([], tls=tls) as proxy, deployment.replica(PUBLIC_URL=proxy.url) as replica:
        proxy.ports = [replica.port]
        yield Deployment(deployment.cluster, proxy)


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    with own_loopback() as loopback:
        yield loopback


@pytest.fixture
def on_default_ports(
    deployment: Deployment, tls: ssl.SSLContext, loopback: Loopback
) -> Iterator[Deployment]:
    """The deployment behind TLS on port 443.

    The doctor cannot reach Redis from this loopback, which is no problem while the bus works.
    """
    with ExitStack() as started:
        proxy = started.enter_context(FaultyProxy([], tls=tls, listener=loopback.listen(HTTPS)))
        for _ in range(2):
            replica = started.enter_context(deployment.replica(PUBLIC_URL=proxy.url))
            proxy.ports.append(replica.port)
        yield Deployment(deployment.cluster, proxy, loopback.within)


def run_doctor(secure: Deployment, certificate: Path) -> DoctorReport:
    """Run the doctor with Postgres' Unix socket, which is the same file on every loopback."""
    postgres = secure.cluster.postgres
    assert postgres
    database = postgres.url(secure.cluster.name).replace(HOST, quote(str(postgres.folder), safe=""))
    trusted = {"PUBLIC_URL": secure.proxy.url, "SSL_CERT_FILE": str(certificate)}
    return secure.run_doctor(DATABASE_URL=database, **trusted)


def test_a_deployment_behind_tls_is_green(secure: Deployment, certificate: Path) -> None:
    report = run_doctor(secure, certificate)
    assert report.with_status("red") == [], report.messages
    assert {"tls.cookies", "tls.hsts", "csrf", "messages"} <= {*report.with_status("green")}


def test_cookies_without_secure_are_red(secure: Deployment, certificate: Path) -> None:
    def without_secure(head: bytes) -> bytes:
        return head.replace(b"; Secure", b"")

    with secure.proxy.with_fault(Fault(answer=without_secure)):
        report = run_doctor(secure, certificate)
    assert report.with_status("red") == ["tls.cookies"], report.messages


def test_missing_hsts_is_red(secure: Deployment, certificate: Path) -> None:
    name = b"Strict-Transport-Security"
    for fault in (without_header(name), with_header(name, b"max-age=0")):
        with secure.proxy.with_fault(Fault(answer=fault)):
            report = run_doctor(secure, certificate)
        assert report.with_status("red") == ["tls.hsts"], report.messages


def test_a_proxy_that_reports_http_instead_of_https_is_red(
    secure: Deployment, certificate: Path
) -> None:
    with secure.proxy.with_fault(Fault(request=with_header(b"X-Forwarded-Proto", b"http"))):
        report = run_doctor(secure, certificate)
    assert "tls.hsts" in report.with_status("red"), report.messages


def test_an_untrusted_certificate_gives_exit_2(secure: Deployment) -> None:
    done = secure.run("--url", secure.proxy.url)
    assert done.returncode == 2
    assert "certificate" in done.stderr


def test_http_without_a_redirect_to_https_is_red(
    on_default_ports: Deployment, loopback: Loopback, certificate: Path
) -> None:
    report = run_doctor(on_default_ports, certificate)
    assert "tls.redirect" in report.with_status("green"), report.messages
    with FaultyProxy(on_default_ports.proxy.ports, listener=loopback.listen(HTTP)) as plain:
        report = run_doctor(on_default_ports, certificate)
        assert report.with_status("red") == ["tls.redirect"], report.messages
        assert "gets 302" in report.messages["tls.redirect"]  # it redirects to another http page

        redirect = with_header(b"Location", f"{on_default_ports.proxy.url}/".encode())
        with plain.with_fault(Fault(answer=redirect)):
            report = run_doctor(on_default_ports, certificate)
    assert report.with_status("red") == [], report.messages
    assert "tls.redirect" in report.with_status("green")
