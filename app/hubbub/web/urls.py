from django.urls import path, register_converter
from django.views.decorators.cache import cache_control
from django.views.i18n import JavaScriptCatalog

from hubbub.web import pages, settings_pages
from hubbub.web.converters import NumberConverter
from hubbub.web.welcome import welcome

register_converter(NumberConverter, "number")

catalog = cache_control(private=True, max_age=3600)(JavaScriptCatalog.as_view())

urlpatterns = [
    path("", pages.home, name="home"),
    path("rooms/<number:room_id>", pages.room, name="room"),
    path("rooms/<number:room_id>/<number:seq>", pages.room, name="message"),
    path("catalog.js", catalog, name="javascript-catalog"),
    path("welcome/", welcome, name="welcome"),
    path("settings/", settings_pages.overview, name="settings"),
    path("settings/name/", settings_pages.rename, name="settings_name"),
    path("settings/tokens/", settings_pages.make_token, name="settings_token_make"),
    path(
        "settings/tokens/<int:token_id>/revoke/",
        settings_pages.revoke_token,
        name="settings_token_revoke",
    ),
]
