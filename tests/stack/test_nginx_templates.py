"""nginx accepts the rendered templates in every combination, with every variable replaced."""

import base64
import hashlib
import re
from itertools import product

import pytest

from loadtests.lib.servers.nginx import TEMPLATES
from scripts.stack import templates
from scripts.stack.errors import StackError
from tests.stack.frontend import Frontend

LISTS = ("", "10.0.0.0/8 192.168.0.1, fd00::/8")


@pytest.mark.parametrize(
    ("upstreams", "server", "real_ip", "exempt"),
    list(product(("names", "list"), ("plain", "tls", "forwarded"), LISTS, LISTS)),
)
def test_nginx_accepts_every_combination(
    frontend: Frontend, upstreams: str, server: str, real_ip: str, exempt: str
) -> None:
    frontend.write_list([8001, 8002], [8003])
    variables = {"REAL_IP_FROM": real_ip, "LIMIT_EXEMPT": exempt}
    frontend.nginx.write_configuration({"UPSTREAMS": upstreams, "SERVER": server, **variables})
    assert frontend.nginx.test() == ""


def test_the_templates_use_exactly_the_variables_of_nginx_env() -> None:
    names = set()
    for template in TEMPLATES.glob("*.template"):
        names |= set(re.findall(r"\$\{(\w+)\}", template.read_text()))
    made = {"REAL_IP_DIRECTIVES", "REAL_IP_ENTRIES", "LIMIT_EXEMPT_ENTRIES"}
    listed = {"REAL_IP_FROM", "LIMIT_EXEMPT"}
    assert names - made == templates.defaults(TEMPLATES).keys() - listed


def test_by_default_a_container_serves_without_tls() -> None:
    defaults = templates.defaults(TEMPLATES)
    assert (defaults["UPSTREAMS"], defaults["SERVER"]) == ("names", "plain")


def test_an_unknown_variable_is_an_error(frontend: Frontend) -> None:
    with pytest.raises(StackError, match="LISTEN_ON"):
        frontend.nginx.write_configuration({"LISTEN_ON": "80"})


def test_the_csp_of_the_error_page_allows_only_its_style() -> None:
    page = (TEMPLATES / "pages/message.html").read_text()
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    headers = (TEMPLATES / "headers.conf.template").read_text()
    assert f"style-src 'sha256-{digest}'" in headers
    assert "<script" not in page
