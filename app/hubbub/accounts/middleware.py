"""Shows banned users the ban page in place of every other page, whatever session they use."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from hubbub.observability import logs


class BannedMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # The API reports both a ban and a database outage itself, so the user is not loaded here.
        if request.path.startswith(("/accounts/logout", "/api/")):
            return self.get_response(request)
        if request.user.is_authenticated:
            logs.user.set(request.user.pk)
            if request.user.banned_at is not None:
                return render(request, "banned.html", status=403)
        return self.get_response(request)
