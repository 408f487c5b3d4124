"""`compose.tls.yml` serves over TLS, with a key that only another user may read."""

import os
import shutil
from http.client import HTTPConnection
from pathlib import Path

from loadtests.lib.servers.process import HOST, ROOT
from scripts.stack.certificate import make_certificate
from scripts.stack.ports import free_port
from tests.deploy.platforms.compose import Composition
from tests.deploy.platforms.engine import Engine, call
from tests.stack.tls_client import assert_tls_works

FILES = ("docker-compose.yml", "compose.tls.yml")
OTHER_USER = 10002


def test_tls_works_and_http_is_redirected_to_it(engine: Engine, image: str, tmp_path: Path) -> None:
    port = free_port()
    certificate, key = make_certificate(tmp_path / "tls")
    assert key.stat().st_mode & 0o077 == 0
    if os.geteuid() == 0:
        os.chown(key, OTHER_USER, OTHER_USER)
    composition = Composition(
        engine,
        image,
        files=["compose.tls.yml"],
        REPLICAS="1",
        TLS_PORT=str(port),
        TLS_FOLDER=str(certificate.parent),
        PUBLIC_URL=f"https://localhost:{port}",
    )
    with composition:
        assert_tls_works(composition, port, certificate, tmp_path)
        plain = HTTPConnection(HOST, composition.port, timeout=20)
        plain.request("GET", "/rooms/1")
        answer = plain.getresponse()
        location = answer.headers["Location"]
        plain.close()
        assert (answer.status, location) == (308, f"https://localhost:{port}/rooms/1")


def test_without_a_public_url_it_fails_with_an_error(engine: Engine, tmp_path: Path) -> None:
    for name in FILES:
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / ".env").write_text("PUBLIC_URL=\n")
    chosen = [part for name in FILES for part in ("-f", name)]
    done = call([*engine.compose, *chosen, "config"], folder=tmp_path)
    assert done.returncode != 0
    assert "PUBLIC_URL" in done.stdout + done.stderr
