"""The view of the address "/", which redirects to a room."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from hubbub.chat import queries
from hubbub.web.current_user import current_user

# main.js sets this cookie to the room that was open last.
LAST_ROOM_COOKIE = "room"


@require_safe
@login_required
def home(request: HttpRequest) -> HttpResponse:
    """Redirect to the room that was open last, or to the lobby."""
    rooms = queries.rooms_of(current_user(request))
    last = request.COOKIES.get(LAST_ROOM_COOKIE)
    room_id = next((room["id"] for room in rooms if str(room["id"]) == last), rooms[0]["id"])
    return redirect("room", room_id=room_id)
