"""The chat page: one shell for all rooms, with the first room and its messages embedded.

All later data comes over REST and the WebSocket, so the embedded data has the same shapes. The page
costs the same number of queries for a room of any length.
"""

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from hubbub.accounts.models import User
from hubbub.chat import queries
from hubbub.chat.models import Room
from hubbub.web.current_user import current_user


@require_safe
@login_required
@never_cache
def room(request: HttpRequest, room_id: int, seq: int | None = None) -> HttpResponse:
    """Show a room, at the message with `seq` if given."""
    user = current_user(request)
    try:
        info = queries.room_for(user, room_id)
    except Room.DoesNotExist:
        raise Http404 from None
    data = {
        "me": _me(user),
        "rooms": queries.rooms_of(user),
        "room": info,
        "page": _first_page(user, info, seq),
        "seq": seq,
        "token": get_token(request),
        "login": reverse(settings.LOGIN_URL),
        "icon": static("hubbub/icon.svg"),
    }
    return render(request, "chat.html", {"data": data, "room": info})


def _me(user: User) -> dict[str, Any]:
    return queries.serialize_user_with_username(user) | {"owner": user.is_owner}


def _first_page(user: User, info: dict[str, Any], seq: int | None) -> dict[str, Any] | None:
    """Return the first page of messages, or None to a user who isn't a member."""
    if "role" not in info:
        return None
    try:
        return queries.messages_page(user, info["id"], around=seq)
    except PermissionDenied:  # the user was just removed from the room
        return None
