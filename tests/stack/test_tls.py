"""A stack with TLS, by a certificate that nobody else signed."""

from pathlib import Path

from loadtests.load.run_series import DELIVER, Series
from scripts.stack.ports import free_port
from tests.stack.conftest import MakeStack
from tests.stack.test_load import PATIENT, load
from tests.stack.tls_client import somebody_talks_by_tls

USERS = 6


def test_sockets_talk_cookies_are_secure_and_a_load_comes_in(
    make_stack: MakeStack, tmp_path: Path
) -> None:
    port = free_port()
    url = f"https://localhost:{port}"
    stack = make_stack(TLS="1", TLS_PORT=str(port), PUBLIC_URL=url, REPLICAS="1").start()
    certificate = stack.folder / "stack/nginx/tls/tls.crt"
    somebody_talks_by_tls(stack, port, certificate, tmp_path)

    sessions = tmp_path / "sessions"
    stack.manage("seed", "--yes", "--users", str(USERS), "--sessions", str(sessions))
    people = ["--sessions", str(sessions), "--users", str(USERS), "--rate", "5", *PATIENT]
    run = ["--out", str(tmp_path / "out"), "--seconds", "8", "--shape", "hot", *people]
    stranger = load("--host", url, *run)
    assert stranger.returncode == 2, stranger.stdout + stranger.stderr
    assert "does not answer" in stranger.stderr  # it does not trust the certificate
    assert "certificate" in stranger.stderr
    plain = load("--host", f"http://{stack.address}", *run)
    assert plain.returncode == 2, plain.stdout + plain.stderr
    assert "leads elsewhere (308): give the address that people come to" in plain.stderr
    done = load("--host", url, *run, SSL_CERT_FILE=str(certificate))
    assert done.returncode == 0, done.stdout + done.stderr
    total = Series.read(tmp_path / "out/series.json").total()
    assert total.latency(DELIVER).count > 0
    assert not total.failures
    assert not total.faults
