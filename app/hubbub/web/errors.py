"""The pages shown when something is refused, missing or broken."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse

# Pages that somebody who is signed in has no more use for.
ENTRANCES = ("account_login", "account_signup")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Explain it; who signed in in another tab meanwhile is simply let in."""
    entering = request.path in [reverse(name) for name in ENTRANCES]
    again = request.path
    if entering and "next" in request.POST:
        again += "?" + urlencode({"next": request.POST["next"]})
    if entering and request.user.is_authenticated:
        return HttpResponseRedirect(again)  # allauth leads on, where that is safe
    return render(request, "errors/csrf.html", {"again": again}, status=403)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say so without the request, which may be what is wrong (an unknown host, say)."""
    return HttpResponse(render_to_string("errors/400.html"), status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "errors/403.html", {"reason": str(exception)}, status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "errors/404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Say so without the request: asking who signed in would need the database again."""
    return HttpResponse(render_to_string("errors/500.html"), status=500)
