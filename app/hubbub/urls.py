"""The root URLconf: pages, the REST API, allauth's pages and the Django admin."""

from django.urls import include, path

from hubbub.api.api import api
from hubbub.chat.admin import site

urlpatterns = [
    path("", include("hubbub.web.urls")),
    path("api/", api.urls),
    path("accounts/", include("allauth.account.urls")),
    path("admin/", site.urls),
]

handler400 = "hubbub.web.views.errors.bad_request"
handler403 = "hubbub.web.views.errors.forbidden"
handler404 = "hubbub.web.views.errors.not_found"
handler500 = "hubbub.web.views.errors.server_error"
