"""Error pages explain what happened and what to do next."""

import pytest
from django.db import OperationalError, connection
from django.test import Client, override_settings
from django.urls import path
from django.views import View

from hubbub import urls
from hubbub.accounts.models import User
from tests.support.fixtures import PASSWORD


class Broken(View):
    def get(self, *args: object) -> None:
        raise OperationalError("the database is down")


urlpatterns = [path("broken/", Broken.as_view()), *urls.urlpatterns]
handler500 = urls.handler500


@pytest.mark.django_db
def test_the_404_page_links_to_the_chat(client: Client) -> None:
    answer = client.get("/nothing/here")
    assert answer.status_code == 404
    assert "Page not found" in answer.text
    assert 'href="/"' in answer.text


def test_the_403_page_says_why(client: Client, bob: User) -> None:
    client.force_login(bob, "django.contrib.auth.backends.ModelBackend")
    answer = client.get("/admin/", follow=True)
    assert answer.status_code == 403
    assert "Only workspace owners can see this page." in answer.text


@pytest.mark.django_db
def test_a_form_with_an_old_csrf_token_can_be_opened_again() -> None:
    client = Client(enforce_csrf_checks=True)
    form = {"login": "alice", "password": PASSWORD, "next": "/rooms/1"}
    answer = client.post("/accounts/login/", form)
    assert answer.status_code == 403
    assert "This page was out of date" in answer.text
    assert 'href="/accounts/login/?next=%2Frooms%2F1"' in answer.text


def test_forms_from_other_sites_are_refused(bob: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(bob, "django.contrib.auth.backends.ModelBackend")
    answer = client.post(
        "/settings/name/", {"name": "X"}, headers={"origin": "https://evil.example"}
    )
    assert answer.status_code == 403
    bob.refresh_from_db()
    assert bob.name == "Bob"


@override_settings(ROOT_URLCONF="tests.web.test_error_pages")
@pytest.mark.filterwarnings("ignore")
def test_the_500_page_needs_no_database(client: Client) -> None:
    client.raise_request_exception = False

    def refuse(*args: object) -> None:
        raise OperationalError("the database is down")

    client.cookies["sessionid"] = "someone"
    with connection.execute_wrapper(refuse):
        answer = client.get("/broken/")
    assert answer.status_code == 500
    assert "Something went wrong" in answer.text


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/accounts/login/", "/accounts/signup/", "/nothing"])
def test_every_page_has_a_strict_content_security_policy(client: Client, path: str) -> None:
    policy = client.get(path).headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "style-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
