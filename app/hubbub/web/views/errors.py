"""The error pages: handlers that `hubbub.urls` and CSRF_FAILURE_VIEW name."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse

# The names of the URLs with forms for signed-out visitors.
SIGNED_OUT_FORMS = ("account_login", "account_signup")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Explain the failure. If the user has signed in in another tab since then, redirect them."""
    is_signed_out_form = request.path in [reverse(name) for name in SIGNED_OUT_FORMS]
    retry_url = request.path
    if is_signed_out_form and "next" in request.POST:
        retry_url += "?" + urlencode({"next": request.POST["next"]})
    if is_signed_out_form and request.user.is_authenticated:
        return HttpResponseRedirect(retry_url)  # allauth redirects to `next` when that is safe
    return render(request, "errors/csrf.html", {"retry_url": retry_url}, status=403)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Render the page without the request, which may be the cause (such as an unknown host)."""
    return HttpResponse(render_to_string("errors/400.html"), status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "errors/403.html", {"reason": str(exception)}, status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "errors/404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Render the page without the request: its user is in the database, which may be down."""
    return HttpResponse(render_to_string("errors/500.html"), status=500)
