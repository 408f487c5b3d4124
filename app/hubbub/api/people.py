"""People: oneself, and others found by a part of their name."""

from django.http import HttpRequest
from ninja import Router

from hubbub.api.auth import caller
from hubbub.api.shapes import FoundPeople, Me
from hubbub.chat import reading

router = Router(tags=["people"])


@router.get("/me", response=Me, summary="Who you are")
def me(request: HttpRequest) -> object:
    user = caller(request)
    return reading.known_person_frame(user) | {"owner": user.is_owner}


@router.get("/people", response=FoundPeople, summary="Find people")
def find_people(request: HttpRequest, q: str = "") -> object:
    """Up to 20 people with `q` in their name or username."""
    return reading.people_named(q)
