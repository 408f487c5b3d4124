"""What is refused, missing or broken is said on a page of ours, with a way on."""

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
        raise OperationalError("the database is away")


urlpatterns = [path("broken/", Broken.as_view()), *urls.urlpatterns]
handler500 = urls.handler500


@pytest.mark.django_db
def test_a_missing_page_has_a_way_on(client: Client) -> None:
    answer = client.get("/nothing/here")
    assert answer.status_code == 404
    assert "Page not found" in answer.text
    assert 'href="/"' in answer.text


def test_a_refused_page_says_why(client: Client, bob: User) -> None:
    client.force_login(bob, "django.contrib.auth.backends.ModelBackend")
    answer = client.get("/admin/", follow=True)
    assert answer.status_code == 403
    assert "Only workspace owners can see this page." in answer.text


@pytest.mark.django_db
def test_a_form_of_yesterday_can_be_opened_again() -> None:
    client = Client(enforce_csrf_checks=True)
    form = {"login": "alice", "password": PASSWORD, "next": "/rooms/1"}
    answer = client.post("/accounts/login/", form)
    assert answer.status_code == 403
    assert "This page was out of date" in answer.text
    assert 'href="/accounts/login/?next=%2Frooms%2F1"' in answer.text


def test_no_form_is_taken_from_another_site(bob: User) -> None:
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
def test_the_page_for_what_broke_needs_no_database(client: Client) -> None:
    client.raise_request_exception = False

    def refuse(*args: object) -> None:
        raise OperationalError("the database is away")

    client.cookies["sessionid"] = "somebody"
    with connection.execute_wrapper(refuse):
        answer = client.get("/broken/")
    assert answer.status_code == 500
    assert "Something went wrong" in answer.text


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/accounts/login/", "/accounts/signup/", "/nothing"])
def test_every_page_forbids_what_is_not_ours(client: Client, path: str) -> None:
    policy = client.get(path).headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "style-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
