"""Users and a load test reach a stack over TLS with a self-signed certificate."""

from pathlib import Path

from loadtests.lib.measurements.series import DELIVER, Series
from scripts.stack.ports import free_port
from tests.stack.conftest import MakeStack
from tests.stack.test_load import PATIENT, load
from tests.stack.tls_client import assert_tls_works

USERS = 6


def test_websockets_cookies_and_a_load_test_work_over_tls(
    make_stack: MakeStack, tmp_path: Path
) -> None:
    port = free_port()
    url = f"https://localhost:{port}"
    stack = make_stack(TLS="1", TLS_PORT=str(port), PUBLIC_URL=url, REPLICAS="1").start()
    certificate = stack.folder / "stack/nginx/tls/tls.crt"
    assert_tls_works(stack, port, certificate, tmp_path)

    sessions = tmp_path / "sessions"
    stack.manage("seed", "--yes", "--users", str(USERS), "--sessions", str(sessions))
    users = ["--sessions", str(sessions), "--users", str(USERS), "--rate", "5", *PATIENT]
    run = ["--out", str(tmp_path / "out"), "--seconds", "8", "--shape", "hot", *users]
    untrusting = load("--host", url, *run)
    assert untrusting.returncode == 2, untrusting.stdout + untrusting.stderr
    # The load test reports this because it does not trust the certificate.
    assert "does not answer" in untrusting.stderr
    assert "certificate" in untrusting.stderr
    plain = load("--host", f"http://{stack.address}", *run)
    assert plain.returncode == 2, plain.stdout + plain.stderr
    assert "redirects (308): give the address that the redirect leads to" in plain.stderr
    done = load("--host", url, *run, SSL_CERT_FILE=str(certificate))
    assert done.returncode == 0, done.stdout + done.stderr
    total = Series.read(tmp_path / "out/series.json").total()
    assert total.latency(DELIVER).count > 0
    assert not total.failures
    assert not total.order_errors
