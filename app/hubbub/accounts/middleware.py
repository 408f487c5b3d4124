"""Banned people are told so on every page, whatever session they still have."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from hubbub.observability import logs


class BannedMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # The API says it in its own words, and that the database is away: nobody is read here.
        if request.path.startswith(("/accounts/logout", "/api/")):
            return self.get_response(request)
        if request.user.is_authenticated:
            logs.user.set(request.user.pk)
            if request.user.banned_at is not None:
                return render(request, "banned.html", status=403)
        return self.get_response(request)
