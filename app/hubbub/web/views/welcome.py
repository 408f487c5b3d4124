"""The page that shows a new owner, after the first sign-up, what they own and how others join."""

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_safe

from hubbub.web.current_user import current_user


@require_safe
@login_required
def welcome(request: HttpRequest) -> HttpResponse:
    """Show the page to an owner. Redirect everyone else to `next`."""
    next_url = request.GET.get("next", "")
    if not url_has_allowed_host_and_scheme(next_url, {request.get_host()}):
        next_url = reverse("home")
    if not current_user(request).is_owner:
        return HttpResponseRedirect(next_url)  # `redirect` might take the URL for a view's name
    address = settings.PUBLIC_URL or request.build_absolute_uri("/")
    return render(request, "welcome.html", {"next_url": next_url, "address": address})
