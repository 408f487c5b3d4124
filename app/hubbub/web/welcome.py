"""The page after the first sign-up: the place is yours, and what comes next."""

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_safe

from hubbub.web.current_user import person_of


@require_safe
@login_required
def welcome(request: HttpRequest) -> HttpResponse:
    came_by = request.GET.get("next", "")
    if not url_has_allowed_host_and_scheme(came_by, {request.get_host()}):
        came_by = reverse("home")
    if not person_of(request).is_owner:
        return HttpResponseRedirect(came_by)  # `redirect` might take it for a view's name
    address = settings.PUBLIC_URL or request.build_absolute_uri("/")
    return render(request, "welcome.html", {"came_by": came_by, "address": address})
