"""A stack with TLS, by a certificate that nobody else signed."""

from pathlib import Path

from loadtests.servers.process import free_port
from tests.stack.by_tls import somebody_talks_by_tls
from tests.stack.conftest import MakeStack


def test_sockets_talk_and_cookies_are_secure(make_stack: MakeStack, tmp_path: Path) -> None:
    port = free_port()
    url = f"https://localhost:{port}"
    stack = make_stack(TLS="1", TLS_PORT=str(port), PUBLIC_URL=url, REPLICAS="1").start()
    certificate = stack.folder / "stack/nginx/tls/tls.crt"
    somebody_talks_by_tls(stack, port, certificate, tmp_path)
