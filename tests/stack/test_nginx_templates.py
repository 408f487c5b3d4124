"""nginx takes what the templates make, in every combination; nothing in them is left unfilled."""

import base64
import hashlib
import re
from itertools import product

import pytest

from loadtests.lib.servers.nginx import TEMPLATES
from scripts.stack import templates
from scripts.stack.errors import StackError
from tests.stack.nginx_only import Front

LISTS = ("", "10.0.0.0/8 192.168.0.1, fd00::/8")


@pytest.mark.parametrize(
    ("upstreams", "server", "real_ip", "exempt"),
    list(product(("names", "list"), ("plain", "tls", "forwarded"), LISTS, LISTS)),
)
def test_nginx_takes_every_combination(
    front: Front, upstreams: str, server: str, real_ip: str, exempt: str
) -> None:
    front.write_list([8001, 8002], [8003])
    variables = {"REAL_IP_FROM": real_ip, "LIMIT_EXEMPT": exempt}
    front.nginx.write_configuration({"UPSTREAMS": upstreams, "SERVER": server, **variables})
    assert front.nginx.test() == ""


def test_the_templates_use_each_variable_and_no_other() -> None:
    names = set()
    for template in TEMPLATES.glob("*.template"):
        names |= set(re.findall(r"\$\{(\w+)\}", template.read_text()))
    made = {"REAL_IP_DIRECTIVES", "REAL_IP_ENTRIES", "LIMIT_EXEMPT_ENTRIES"}
    listed = {"REAL_IP_FROM", "LIMIT_EXEMPT"}
    assert names - made == templates.defaults(TEMPLATES).keys() - listed


def test_what_a_container_takes_by_default_serves_without_tls() -> None:
    defaults = templates.defaults(TEMPLATES)
    assert (defaults["UPSTREAMS"], defaults["SERVER"]) == ("names", "plain")


def test_a_variable_that_no_template_knows_is_refused(front: Front) -> None:
    with pytest.raises(StackError, match="LISTEN_ON"):
        front.nginx.write_configuration({"LISTEN_ON": "80"})


def test_the_page_of_nginx_may_have_its_style_and_nothing_else() -> None:
    page = (TEMPLATES / "pages/message.html").read_text()
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    headers = (TEMPLATES / "headers.conf.template").read_text()
    assert f"style-src 'sha256-{digest}'" in headers
    assert "<script" not in page
