"""The Django admin's site: open to owners, with Hubbub's own pages for signing in and out."""

from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth.views import LogoutView, redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from hubbub.accounts.models import User


class OwnersSite(AdminSite):
    site_header = gettext_lazy("Hubbub")
    site_title = gettext_lazy("Hubbub")
    index_title = gettext_lazy("Manage this workspace")
    empty_value_display = "–"

    def has_permission(self, request: HttpRequest) -> bool:
        user = request.user
        return isinstance(user, User) and user.may_enter and user.is_owner

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Redirect to allauth's sign-in page, so that its rate limits apply here too."""
        next_page = request.GET.get("next", "/admin/")
        if self.has_permission(request):
            return redirect("admin:index")
        if request.user.is_authenticated:
            raise PermissionDenied(_("Only workspace owners can see this page."))
        return redirect_to_login(next_page, "account_login")

    def logout(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return LogoutView.as_view(next_page="account_login")(request)

    def password_change(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Redirect to the page that also closes the user's open connections."""
        return redirect("account_change_password")


site = OwnersSite()
