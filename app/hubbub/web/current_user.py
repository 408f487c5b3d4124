"""Who asks: for views behind `login_required`, where the type of `request.user` is still open."""

from django.http import HttpRequest

from hubbub.accounts.models import User


def person_of(request: HttpRequest) -> User:
    assert isinstance(request.user, User), "only behind login_required"
    return request.user
