"""Returns the signed-in user with their type. Only for views with `login_required`."""

from django.http import HttpRequest

from hubbub.accounts.models import User


def current_user(request: HttpRequest) -> User:
    assert isinstance(request.user, User), "only behind login_required"
    return request.user
