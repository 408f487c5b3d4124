"""What nginx does with a request: where it goes, what it carries, when it is refused."""

import signal
import socket
import time
from contextlib import ExitStack

import psutil
import pytest

from loadtests.lib.servers.process import HOST
from loadtests.lib.servers.stack import wait_until
from scripts.stack.ports import free_port
from tests.stack.nginx_only import Answer, Front, name_server

SECURITY = (
    *("Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "X-Frame-Options"),
    "Cross-Origin-Opener-Policy",
)
OFFICE = "127.0.0.7"  # an address that is not exempt
HANDSHAKE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec_WebSocket_Version": "13",
    "Sec_WebSocket_Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}
SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"


@pytest.mark.parametrize("path", ["/", "/api/rooms", "/static/a.css", "/ws/"])
def test_who_is_dead_is_passed_over_within_a_second(front: Front, path: str) -> None:
    alive = front.behind("alive")
    front.start([free_port(), free_port(), alive.port])
    for _ in range(6):
        began = time.monotonic()
        answer = front.get(path, **(HANDSHAKE if path == "/ws/" else {}))
        assert answer.status == 200
        assert time.monotonic() - began < 1


def test_who_vanished_is_passed_over_within_a_second(front: Front) -> None:
    with socket.socket() as full:  # its kernel answers no more: the queue for connections is full
        full.bind((HOST, 0))
        full.listen(0)
        with socket.create_connection(full.getsockname()), socket.socket() as second:
            second.setblocking(False)
            second.connect_ex(full.getsockname())
            alive = front.behind("alive")
            front.start([full.getsockname()[1], alive.port])
            for _ in range(4):
                began = time.monotonic()
                assert front.get("/").status == 200
                assert time.monotonic() - began < 1


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_what_may_not_be_done_twice_is_not_sent_to_another(front: Front, method: str) -> None:
    broken, other = front.behind("broken", hangs_up=True), front.behind("other")
    front.start([broken.port, other.port])
    answers = [front.get("/api/x", method, "a=1").status for _ in range(6)]
    assert sorted(answers) == [200] * 3 + [502] * 3
    assert other.asked == 3


def test_what_may_be_done_twice_is_sent_to_the_next(front: Front) -> None:
    broken, other = front.behind("broken", hangs_up=True), front.behind("other")
    front.start([broken.port, other.port])
    assert [front.get("/api/x", "DELETE").status for _ in range(6)] == [200] * 6
    assert broken.asked > 0


def test_a_static_file_that_one_web_lacks_is_asked_of_the_next(front: Front) -> None:
    old = front.behind("old", missing="/static/new.css")
    new = front.behind("new")
    front.start([old.port, new.port])
    told = [front.get("/static/new.css") for _ in range(6)]
    assert [(answer.status, answer.json()["name"]) for answer in told] == [(200, "new")] * 6


def test_a_page_that_is_missing_is_asked_of_one_web_only(front: Front) -> None:
    one = front.behind("one", missing="/rooms/9")
    other = front.behind("other", missing="/rooms/9")
    front.start([one.port, other.port])
    assert front.get("/rooms/9").status == 404
    assert one.asked + other.asked == 1


def test_a_name_is_asked_again_while_running(front: Front) -> None:
    port = free_port()
    first = front.behind("first", host="127.0.0.11", port=port)
    addresses = {"web.test": ["127.0.0.11"], "realtime.test": ["127.0.0.11"]}
    with name_server(addresses) as dns:
        names = {"WEB_ADDRESS": f"web.test:{port}", "REALTIME_ADDRESS": f"realtime.test:{port}"}
        front.start([], [], names, UPSTREAMS="names", RESOLVER=f"{HOST}:{dns} ipv6=off")
        assert _names(front, 4) == {"first"}
        front.behind("second", host="127.0.0.12", port=port)
        addresses["realtime.test"] = ["127.0.0.11", "127.0.0.12"]
        wait_until(lambda: _names(front, 8) == {"first", "second"})
        # One that died and is still in the list costs nobody anything.
        addresses["realtime.test"] = ["127.0.0.11", "127.0.0.12", "127.0.0.13"]
        first.close()
        wait_until(lambda: _names(front, 8) == {"second"})


def test_processes_hear_the_client_and_nothing_that_it_made_up(front: Front) -> None:
    front.start([front.behind("web").port])
    spoofed = {
        "X_Forwarded_For": "10.9.9.9",
        "X_Forwarded_Proto": "https",
        "X_Forwarded_Host": "evil.example",
        "X_Real_IP": "10.9.9.9",
        "Forwarded": "for=10.9.9.9",
        "X_Request_ID": "mine",
    }
    answer = front.get("/rooms/1?q=a%20b", source=OFFICE, Host="chat.example:8080", **spoofed)
    heard = answer.json()["headers"]
    assert answer.json()["path"] == "/rooms/1?q=a%20b"
    assert heard["host"] == "chat.example:8080"
    assert heard["x-forwarded-for"] == OFFICE
    assert heard["x-forwarded-proto"] == "http"
    assert not heard.keys() & {"x-forwarded-host", "x-real-ip", "forwarded"}
    wait_until(front.logged)
    assert heard["x-request-id"] == front.logged()[-1]["request_id"] != "mine"


def test_behind_a_trusted_proxy_clients_are_who_it_says(front: Front) -> None:
    front.start([front.behind("web").port], REAL_IP_FROM=f"{OFFICE}, 10.0.0.0/8")
    said = {"X_Forwarded_For": "203.0.113.9, 10.1.1.1", "X_Forwarded_Proto": "https"}
    heard = front.get("/", source=OFFICE, **said).json()["headers"]
    assert (heard["x-forwarded-for"], heard["x-forwarded-proto"]) == ("203.0.113.9", "https")
    heard = front.get("/", source="127.0.0.8", **said).json()["headers"]
    assert (heard["x-forwarded-for"], heard["x-forwarded-proto"]) == ("127.0.0.8", "http")


def test_behind_one_proxy_of_unknown_address_the_last_address_counts(front: Front) -> None:
    anybody = "0.0.0.0/1 128.0.0.0/1"
    front.start([front.behind("web").port], REAL_IP_FROM=anybody, REAL_IP_RECURSIVE="off")
    said = {"X_Forwarded_For": "203.0.113.9, 10.1.1.1, 192.0.2.7", "X_Forwarded_Proto": "https"}
    heard = front.get("/", source=OFFICE, **said).json()["headers"]
    assert (heard["x-forwarded-for"], heard["x-forwarded-proto"]) == ("192.0.2.7", "https")


def test_what_came_to_the_proxy_in_front_without_tls_is_sent_to_it(front: Front) -> None:
    front.start(
        [front.behind("web").port], SERVER="forwarded", PUBLIC_URL="https://chat.example.org"
    )
    answer = front.get("/rooms/1?q=a", X_Forwarded_Proto="http")
    assert answer.status == 308
    assert answer.all("Location") == ["https://chat.example.org/rooms/1?q=a"]
    assert front.get("/rooms/1", X_Forwarded_Proto="https").status == 200
    assert front.get("/healthz").status == 200


@pytest.mark.parametrize(
    "path",
    ["/metrics", "/readyz", "/drain", "//metrics", "/metrics/x", "/%6detrics", "/a/../metrics"],
)
def test_what_is_for_machines_inside_is_not_there(front: Front, path: str) -> None:
    web = front.behind("web")
    front.start([web.port])
    assert front.get(path).status == 404
    assert web.asked == 0


def test_nginx_says_itself_that_it_is_well(front: Front) -> None:
    front.start([free_port()])
    answer = front.get("/healthz")
    assert (answer.status, answer.text) == (200, "ok\n")


def test_only_handshakes_reach_realtime(front: Front) -> None:
    realtime = front.behind("realtime")
    front.start([front.behind("web").port], [realtime.port])
    assert front.get("/ws/").status == 426
    assert realtime.asked == 0
    heard = front.get("/ws/", **HANDSHAKE).json()
    assert (heard["name"], heard["headers"]["upgrade"]) == ("realtime", "websocket")


def test_when_nobody_lives_people_get_a_page_and_programs_a_problem(front: Front) -> None:
    front.start([free_port()])
    page = front.get("/")
    assert page.status == 502
    assert "Can't reach Hubbub" in page.text
    assert page.all("Content-Type") == ["text/html; charset=utf-8"]
    problem = front.get("/api/rooms", "POST", "{}")
    assert (problem.status, problem.json()["code"]) == (502, "unavailable")
    assert problem.all("Content-Type") == ["application/json"]
    for answer in (page, problem):
        _assert_own_headers(answer)
        assert answer.all("Retry-After") == ["2"]


def test_what_is_too_large_is_refused_before_it_reaches_anyone(front: Front) -> None:
    web = front.behind("web")
    front.start([web.port], BODY_SIZE="1k")
    assert front.get("/api/rooms", "POST", "x" * 1000).status == 200
    refused = front.get("/api/rooms", "POST", "x" * 2000)
    assert (refused.status, refused.json()["code"]) == (413, "too_large")
    assert web.asked == 1


def test_attempts_to_sign_in_are_limited_by_address(front: Front) -> None:
    limits = {"SIGN_IN_RATE": "1r/m", "SIGN_IN_BURST": "2", "LIMIT_EXEMPT": "127.0.0.9 10.0.0.0/8"}
    front.start([front.behind("web").port], variables=limits)

    def attempt(source: str) -> int:
        return front.get("/accounts/login/", "POST", "login=a", source=source).status

    assert [attempt(OFFICE) for _ in range(4)] == [200, 200, 200, 429]
    assert [attempt("127.0.0.8") for _ in range(3)] == [200, 200, 200]
    assert [attempt("127.0.0.9") for _ in range(6)] == [200] * 6
    # Only attempts count: pages and talk go on.
    assert front.get("/accounts/login/", source=OFFICE).status == 200
    assert front.get("/api/rooms", "POST", "{}", source=OFFICE).status == 200
    refused = front.get("/accounts/login/", "POST", "login=a", source=OFFICE)
    assert "You're sending too fast" in refused.text
    _assert_own_headers(refused)


def test_handshakes_are_limited_by_address(front: Front) -> None:
    limits = {"HANDSHAKE_RATE": "1r/m", "HANDSHAKE_BURST": "1", "LIMIT_EXEMPT": "127.0.0.9"}
    front.start([front.behind("web").port], variables=limits)

    def attempts(source: str) -> list[int]:
        return [front.get("/ws/", source=source, **HANDSHAKE).status for _ in range(3)]

    assert attempts(OFFICE) == [200, 200, 429]
    assert attempts("127.0.0.9") == [200, 200, 200]


def test_open_sockets_are_limited_by_address(front: Front) -> None:
    with socket.create_server((HOST, 0)) as realtime, ExitStack() as opened:
        limits = {"SOCKETS_PER_ADDRESS": "2", "LIMIT_EXEMPT": "127.0.0.9"}
        front.start([free_port()], [realtime.getsockname()[1]], limits)

        def open_at(source: str) -> None:
            """Ask for a socket; returns once it has reached the replica, which keeps it waiting."""
            opened.enter_context(handshake(front, source))
            opened.enter_context(realtime.accept()[0])

        realtime.settimeout(10)
        for source in (OFFICE, OFFICE, "127.0.0.8", *["127.0.0.9"] * 3):
            open_at(source)
        assert front.get("/ws/", source=OFFICE, **HANDSHAKE).status == 429
        open_at("127.0.0.8")


def test_after_a_reload_sockets_stay_for_a_while_and_no_longer(front: Front) -> None:
    with socket.create_server((HOST, 0)) as realtime:
        front.start([free_port()], [realtime.getsockname()[1]], WORKER_SHUTDOWN="1s")
        with handshake(front) as client, realtime.accept()[0] as server:
            server.sendall(SWITCHED)
            assert client.recv(4096).startswith(b"HTTP/1.1 101 ")
            before = _workers(front)
            front.nginx.send(signal.SIGHUP)
            began = time.monotonic()
            wait_until(lambda: _workers(front) != before)
            server.sendall(b"still here")
            assert client.recv(4096) == b"still here"
            assert client.recv(4096) == b""
            assert 0.9 < time.monotonic() - began < 10


def test_the_log_has_no_query_and_no_key(front: Front) -> None:
    front.start([free_port()])
    front.get("/rooms/1?q=private")
    front.get("/accounts/password/reset/key/1-topsecret/?x=1")
    front.get("/accounts/confirm-email/topsecret/")
    wait_until(lambda: len(front.logged()) == 3)
    assert [line["path"] for line in front.logged()] == [
        "/rooms/1",
        "/accounts/password/reset/key/***",
        "/accounts/confirm-email/***",
    ]
    assert front.logged()[0]["status"] == "502"
    assert "topsecret" not in (front.nginx.folder / "access.log").read_text()
    assert "topsecret" not in (front.nginx.folder / "error.log").read_text()


def test_tls_serves_and_everything_else_is_led_there(front: Front) -> None:
    front.start([front.behind("web").port], SERVER="tls")
    led = front.get("/rooms/1?q=a")
    assert led.status == 308
    assert led.all("Location") == [f"https://{HOST}:{front.nginx.tls_port}/rooms/1?q=a"]
    assert front.get("/healthz").status == 200
    heard = front.get_secure("/rooms/1")
    assert heard.json()["headers"]["x-forwarded-proto"] == "https"
    refused = front.get_secure("/metrics")
    assert refused.all("Strict-Transport-Security") == ["max-age=31536000"]


def test_nginx_does_not_say_which_it_is(front: Front) -> None:
    front.start([front.behind("web").port])
    assert front.get("/metrics").all("Server") == ["nginx"]


def handshake(front: Front, source: str = HOST) -> socket.socket:
    """Ask for a socket, and leave the answer to be read."""
    client = socket.create_connection((HOST, front.port), 20, source_address=(source, 0))
    named = {"Host": f"{HOST}:{front.port}", **HANDSHAKE}
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in named.items()]
    client.sendall("\r\n".join(["GET /ws/ HTTP/1.1", *lines, "", ""]).encode())
    return client


def _assert_own_headers(answer: Answer) -> None:
    for name in SECURITY:
        assert len(answer.all(name)) == 1, name
    assert answer.all("Cache-Control") == ["no-store"]


def _names(front: Front, times: int) -> set[str]:
    """Return who answers handshakes."""
    answers = [front.get("/ws/", **HANDSHAKE) for _ in range(times)]
    return {answer.json()["name"] for answer in answers if answer.status == 200}


def _workers(front: Front) -> set[int]:
    return {worker.pid for worker in psutil.Process(front.nginx.pid).children()}
