"""Where nginx sends a request, with which headers, and when it rejects a request."""

import signal
import socket
import time
from contextlib import ExitStack
from statistics import median

import psutil
import pytest

from loadtests.lib.servers.process import HOST
from loadtests.lib.servers.stack import wait_until
from scripts.stack.ports import free_port
from tests.stack.frontend import Answer, Frontend, name_server

SECURITY = (
    *("Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "X-Frame-Options"),
    "Cross-Origin-Opener-Policy",
)
# nginx tries the next server after half a second. On a busy machine its timer may be late, but not
# for every request.
SKIP_SECONDS, MAX_SKIP_SECONDS = 1, 4
CLIENT = "127.0.0.7"  # an address to which the limits apply
HANDSHAKE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec_WebSocket_Version": "13",
    "Sec_WebSocket_Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}
SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"


@pytest.mark.parametrize("path", ["/", "/api/rooms", "/static/a.css", "/ws/"])
def test_a_dead_server_is_skipped_within_a_second(frontend: Frontend, path: str) -> None:
    alive = frontend.start_backend("alive")
    frontend.start([free_port(), free_port(), alive.port])
    for _ in range(6):
        answer = frontend.get(path, **(HANDSHAKE if path == "/ws/" else {}))
        assert answer.status == 200
    waits = _seconds_waited(frontend, 6)
    skipped = [sum(waited.values()) for waited in waits if len(waited) > 1]
    assert skipped, "nginx sent no request to a dead server"
    assert median(skipped) < SKIP_SECONDS
    assert max(max(waited.values()) for waited in waits) < MAX_SKIP_SECONDS


def test_a_vanished_server_is_skipped_within_a_second(frontend: Frontend) -> None:
    # The backlog of this socket is full, so the kernel accepts no more connections.
    with socket.socket() as full:
        full.bind((HOST, 0))
        full.listen(0)
        with socket.create_connection(full.getsockname()), socket.socket() as second:
            second.setblocking(False)
            second.connect_ex(full.getsockname())
            alive = frontend.start_backend("alive")
            frontend.start([full.getsockname()[1], alive.port])
            for _ in range(4):
                assert frontend.get("/").status == 200
            vanished = f"{HOST}:{full.getsockname()[1]}"
            waits = _seconds_waited(frontend, 4)
            skipped = [waited[vanished] for waited in waits if vanished in waited]
            assert skipped, "nginx sent no request to the vanished server"
            assert min(skipped) < SKIP_SECONDS
            assert max(max(waited.values()) for waited in waits) < MAX_SKIP_SECONDS


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_post_and_patch_are_not_retried(frontend: Frontend, method: str) -> None:
    broken, other = frontend.start_backend("broken", hangs_up=True), frontend.start_backend("other")
    frontend.start([broken.port, other.port])
    answers = [frontend.get("/api/x", method, "a=1").status for _ in range(6)]
    assert sorted(answers) == [200] * 3 + [502] * 3
    assert other.requests == 3


def test_other_methods_are_retried_on_the_next_server(frontend: Frontend) -> None:
    broken, other = frontend.start_backend("broken", hangs_up=True), frontend.start_backend("other")
    frontend.start([broken.port, other.port])
    assert [frontend.get("/api/x", "DELETE").status for _ in range(6)] == [200] * 6
    assert broken.requests > 0


def test_a_static_file_missing_on_one_web_is_fetched_from_the_next(frontend: Frontend) -> None:
    old = frontend.start_backend("old", missing="/static/new.css")
    new = frontend.start_backend("new")
    frontend.start([old.port, new.port])
    answers = [frontend.get("/static/new.css") for _ in range(6)]
    assert [(answer.status, answer.json()["name"]) for answer in answers] == [(200, "new")] * 6


def test_a_missing_page_is_requested_once(frontend: Frontend) -> None:
    one = frontend.start_backend("one", missing="/rooms/9")
    other = frontend.start_backend("other", missing="/rooms/9")
    frontend.start([one.port, other.port])
    assert frontend.get("/rooms/9").status == 404
    assert one.requests + other.requests == 1


def test_names_are_resolved_again_while_nginx_runs(frontend: Frontend) -> None:
    port = free_port()
    first = frontend.start_backend("first", host="127.0.0.11", port=port)
    addresses = {"web.test": ["127.0.0.11"], "realtime.test": ["127.0.0.11"]}
    with name_server(addresses) as dns:
        names = {"WEB_ADDRESS": f"web.test:{port}", "REALTIME_ADDRESS": f"realtime.test:{port}"}
        frontend.start([], [], names, UPSTREAMS="names", RESOLVER=f"{HOST}:{dns} ipv6=off")
        assert _names(frontend, 4) == {"first"}
        frontend.start_backend("second", host="127.0.0.12", port=port)
        addresses["realtime.test"] = ["127.0.0.11", "127.0.0.12"]
        wait_until(lambda: _names(frontend, 8) == {"first", "second"})
        # The name still also resolves to a dead server, which must not break any request.
        addresses["realtime.test"] = ["127.0.0.11", "127.0.0.12", "127.0.0.13"]
        first.close()
        wait_until(lambda: _names(frontend, 8) == {"second"})


def test_upstream_servers_get_the_client_s_address_and_no_forged_headers(
    frontend: Frontend,
) -> None:
    frontend.start([frontend.start_backend("web").port])
    forged = {
        "X_Forwarded_For": "10.9.9.9",
        "X_Forwarded_Proto": "https",
        "X_Forwarded_Host": "evil.example",
        "X_Real_IP": "10.9.9.9",
        "Forwarded": "for=10.9.9.9",
        "X_Request_ID": "mine",
    }
    answer = frontend.get("/rooms/1?q=a%20b", source=CLIENT, Host="chat.example:8080", **forged)
    received = answer.json()["headers"]
    assert answer.json()["path"] == "/rooms/1?q=a%20b"
    assert received["host"] == "chat.example:8080"
    assert received["x-forwarded-for"] == CLIENT
    assert received["x-forwarded-proto"] == "http"
    assert not received.keys() & {"x-forwarded-host", "x-real-ip", "forwarded"}
    wait_until(frontend.logged)
    assert received["x-request-id"] == frontend.logged()[-1]["request_id"] != "mine"


def test_a_trusted_proxy_reports_the_client_s_address(frontend: Frontend) -> None:
    frontend.start([frontend.start_backend("web").port], REAL_IP_FROM=f"{CLIENT}, 10.0.0.0/8")
    forged = {"X_Forwarded_For": "203.0.113.9, 10.1.1.1", "X_Forwarded_Proto": "https"}
    received = frontend.get("/", source=CLIENT, **forged).json()["headers"]
    assert (received["x-forwarded-for"], received["x-forwarded-proto"]) == ("203.0.113.9", "https")
    received = frontend.get("/", source="127.0.0.8", **forged).json()["headers"]
    assert (received["x-forwarded-for"], received["x-forwarded-proto"]) == ("127.0.0.8", "http")


def test_behind_one_proxy_of_unknown_address_the_last_address_is_the_client(
    frontend: Frontend,
) -> None:
    everyone = "0.0.0.0/1 128.0.0.0/1"
    frontend.start(
        [frontend.start_backend("web").port], REAL_IP_FROM=everyone, REAL_IP_RECURSIVE="off"
    )
    forged = {"X_Forwarded_For": "203.0.113.9, 10.1.1.1, 192.0.2.7", "X_Forwarded_Proto": "https"}
    received = frontend.get("/", source=CLIENT, **forged).json()["headers"]
    assert (received["x-forwarded-for"], received["x-forwarded-proto"]) == ("192.0.2.7", "https")


def test_requests_that_reached_the_proxy_without_tls_are_redirected(frontend: Frontend) -> None:
    frontend.start(
        [frontend.start_backend("web").port],
        SERVER="forwarded",
        PUBLIC_URL="https://chat.example.org",
    )
    answer = frontend.get("/rooms/1?q=a", X_Forwarded_Proto="http")
    assert answer.status == 308
    assert answer.all("Location") == ["https://chat.example.org/rooms/1?q=a"]
    assert frontend.get("/rooms/1", X_Forwarded_Proto="https").status == 200
    assert frontend.get("/healthz").status == 200


@pytest.mark.parametrize(
    "path",
    ["/metrics", "/readyz", "/drain", "//metrics", "/metrics/x", "/%6detrics", "/a/../metrics"],
)
def test_internal_paths_give_404(frontend: Frontend, path: str) -> None:
    web = frontend.start_backend("web")
    frontend.start([web.port])
    assert frontend.get(path).status == 404
    assert web.requests == 0


def test_nginx_answers_healthz_itself(frontend: Frontend) -> None:
    frontend.start([free_port()])
    answer = frontend.get("/healthz")
    assert (answer.status, answer.text) == (200, "ok\n")


def test_only_handshakes_reach_realtime(frontend: Frontend) -> None:
    realtime = frontend.start_backend("realtime")
    frontend.start([frontend.start_backend("web").port], [realtime.port])
    assert frontend.get("/ws/").status == 426
    assert realtime.requests == 0
    received = frontend.get("/ws/", **HANDSHAKE).json()
    assert (received["name"], received["headers"]["upgrade"]) == ("realtime", "websocket")


def test_without_servers_browsers_get_a_page_and_the_api_a_problem(frontend: Frontend) -> None:
    frontend.start([free_port()])
    page = frontend.get("/")
    assert page.status == 502
    assert "Can't reach Hubbub" in page.text
    assert page.all("Content-Type") == ["text/html; charset=utf-8"]
    problem = frontend.get("/api/rooms", "POST", "{}")
    assert (problem.status, problem.json()["code"]) == (502, "unavailable")
    assert problem.all("Content-Type") == ["application/json"]
    for answer in (page, problem):
        _assert_own_headers(answer)
        assert answer.all("Retry-After") == ["2"]


def test_too_large_requests_are_rejected_by_nginx(frontend: Frontend) -> None:
    web = frontend.start_backend("web")
    frontend.start([web.port], BODY_SIZE="1k")
    assert frontend.get("/api/rooms", "POST", "x" * 1000).status == 200
    refused = frontend.get("/api/rooms", "POST", "x" * 2000)
    assert (refused.status, refused.json()["code"]) == (413, "too_large")
    assert web.requests == 1


def test_sign_ins_are_limited_per_address(frontend: Frontend) -> None:
    limits = {"SIGN_IN_RATE": "1r/m", "SIGN_IN_BURST": "2", "LIMIT_EXEMPT": "127.0.0.9 10.0.0.0/8"}
    frontend.start([frontend.start_backend("web").port], variables=limits)

    def attempt(source: str) -> int:
        return frontend.get("/accounts/login/", "POST", "login=a", source=source).status

    assert [attempt(CLIENT) for _ in range(4)] == [200, 200, 200, 429]
    assert [attempt("127.0.0.8") for _ in range(3)] == [200, 200, 200]
    assert [attempt("127.0.0.9") for _ in range(6)] == [200] * 6
    # Only attempts to sign in count, not pages and other requests.
    assert frontend.get("/accounts/login/", source=CLIENT).status == 200
    assert frontend.get("/api/rooms", "POST", "{}", source=CLIENT).status == 200
    refused = frontend.get("/accounts/login/", "POST", "login=a", source=CLIENT)
    assert "You're sending too fast" in refused.text
    _assert_own_headers(refused)


def test_handshakes_are_limited_per_address(frontend: Frontend) -> None:
    limits = {"HANDSHAKE_RATE": "1r/m", "HANDSHAKE_BURST": "1", "LIMIT_EXEMPT": "127.0.0.9"}
    frontend.start([frontend.start_backend("web").port], variables=limits)

    def attempts(source: str) -> list[int]:
        return [frontend.get("/ws/", source=source, **HANDSHAKE).status for _ in range(3)]

    assert attempts(CLIENT) == [200, 200, 429]
    assert attempts("127.0.0.9") == [200, 200, 200]


def test_open_websockets_are_limited_per_address(frontend: Frontend) -> None:
    with socket.create_server((HOST, 0)) as realtime, ExitStack() as opened:
        limits = {"SOCKETS_PER_ADDRESS": "2", "LIMIT_EXEMPT": "127.0.0.9"}
        frontend.start([free_port()], [realtime.getsockname()[1]], limits)

        def open_at(source: str) -> None:
            """Start a handshake. Return once it has reached the replica, which does not answer."""
            opened.enter_context(handshake(frontend, source))
            opened.enter_context(realtime.accept()[0])

        realtime.settimeout(10)
        for source in (CLIENT, CLIENT, "127.0.0.8", *["127.0.0.9"] * 3):
            open_at(source)
        assert frontend.get("/ws/", source=CLIENT, **HANDSHAKE).status == 429
        open_at("127.0.0.8")


def test_after_a_reload_websockets_stay_open_for_a_limited_time(frontend: Frontend) -> None:
    with socket.create_server((HOST, 0)) as realtime:
        frontend.start([free_port()], [realtime.getsockname()[1]], WORKER_SHUTDOWN="1s")
        with handshake(frontend) as client, realtime.accept()[0] as server:
            server.sendall(SWITCHED)
            assert client.recv(4096).startswith(b"HTTP/1.1 101 ")
            before = _workers(frontend)
            started = time.monotonic()
            frontend.nginx.send(signal.SIGHUP)
            wait_until(lambda: _workers(frontend) != before)
            server.sendall(b"still here")
            assert client.recv(4096) == b"still here"
            assert client.recv(4096) == b""
            assert 0.9 < time.monotonic() - started < 10


def test_the_log_contains_no_query_strings_and_no_keys(frontend: Frontend) -> None:
    frontend.start([free_port()])
    frontend.get("/rooms/1?q=private")
    frontend.get("/accounts/password/reset/key/1-topsecret/?x=1")
    frontend.get("/accounts/confirm-email/topsecret/")
    wait_until(lambda: len(frontend.logged()) == 3)
    assert [line["path"] for line in frontend.logged()] == [
        "/rooms/1",
        "/accounts/password/reset/key/***",
        "/accounts/confirm-email/***",
    ]
    assert frontend.logged()[0]["status"] == "502"
    assert "topsecret" not in (frontend.nginx.folder / "access.log").read_text()
    assert "topsecret" not in (frontend.nginx.folder / "error.log").read_text()


def test_http_is_redirected_to_tls(frontend: Frontend) -> None:
    frontend.start([frontend.start_backend("web").port], SERVER="tls")
    redirect = frontend.get("/rooms/1?q=a")
    assert redirect.status == 308
    assert redirect.all("Location") == [f"https://{HOST}:{frontend.nginx.tls_port}/rooms/1?q=a"]
    assert frontend.get("/healthz").status == 200
    received = frontend.get_secure("/rooms/1")
    assert received.json()["headers"]["x-forwarded-proto"] == "https"
    refused = frontend.get_secure("/metrics")
    assert refused.all("Strict-Transport-Security") == ["max-age=31536000"]


def test_nginx_hides_its_version(frontend: Frontend) -> None:
    frontend.start([frontend.start_backend("web").port])
    assert frontend.get("/metrics").all("Server") == ["nginx"]


def handshake(frontend: Frontend, source: str = HOST) -> socket.socket:
    """Start a handshake. The caller reads the response."""
    client = socket.create_connection((HOST, frontend.port), 20, source_address=(source, 0))
    named = {"Host": f"{HOST}:{frontend.port}", **HANDSHAKE}
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in named.items()]
    client.sendall("\r\n".join(["GET /ws/ HTTP/1.1", *lines, "", ""]).encode())
    return client


def _assert_own_headers(answer: Answer) -> None:
    for name in SECURITY:
        assert len(answer.all(name)) == 1, name
    assert answer.all("Cache-Control") == ["no-store"]


def _names(frontend: Frontend, times: int) -> set[str]:
    """Send this many handshakes. Return the names of the servers that answer them."""
    answers = [frontend.get("/ws/", **HANDSHAKE) for _ in range(times)]
    return {answer.json()["name"] for answer in answers if answer.status == 200}


def _seconds_waited(frontend: Frontend, requests: int) -> list[dict[str, float]]:
    """Wait until nginx has logged this many requests.

    Return for each of them how long nginx waited for each server that it tried.
    """
    wait_until(lambda: len(frontend.logged()) == requests)
    return [
        dict(
            zip(
                line["upstream"].split(", "),
                map(float, line["upstream_seconds"].split(", ")),
                strict=True,
            )
        )
        for line in frontend.logged()
    ]


def _workers(frontend: Frontend) -> set[int]:
    return {worker.pid for worker in psutil.Process(frontend.nginx.pid).children()}
