"""The pages' URLs, included by `hubbub.urls`."""

from django.urls import path, register_converter
from django.views.decorators.cache import cache_control
from django.views.i18n import JavaScriptCatalog

from hubbub.web.converters import NumberConverter
from hubbub.web.views import account_settings, chat_page
from hubbub.web.views.home import home
from hubbub.web.views.welcome import welcome

register_converter(NumberConverter, "number")

catalog = cache_control(private=True, max_age=3600)(JavaScriptCatalog.as_view())

urlpatterns = [
    path("", home, name="home"),
    path("rooms/<number:room_id>", chat_page.room, name="room"),
    path("rooms/<number:room_id>/<number:seq>", chat_page.room, name="message"),
    path("catalog.js", catalog, name="javascript-catalog"),
    path("welcome/", welcome, name="welcome"),
    path("settings/", account_settings.overview, name="settings"),
    path("settings/name/", account_settings.rename, name="settings_name"),
    path("settings/tokens/", account_settings.create_token, name="settings_token_create"),
    path(
        "settings/tokens/<int:token_id>/revoke/",
        account_settings.revoke_token,
        name="settings_token_revoke",
    ),
]
