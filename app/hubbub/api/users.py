"""Endpoints that return the current user and search for users."""

from django.http import HttpRequest
from ninja import Router

from hubbub.api.auth import current_user
from hubbub.api.schemas import FoundUsers, Me
from hubbub.chat import queries

router = Router(tags=["people"])


@router.get("/me", response=Me, summary="Read your account")
def me(request: HttpRequest) -> object:
    user = current_user(request)
    return queries.serialize_user_with_username(user) | {"owner": user.is_owner}


@router.get("/people", response=FoundUsers, summary="Find people")
def find_users(request: HttpRequest, q: str = "") -> object:
    """Up to 20 people whose name or username contains `q`."""
    return queries.find_users(q)
