"""The Django app of the WebSocket entry point. It has no models."""

from django.apps import AppConfig


class RealtimeConfig(AppConfig):
    name = "hubbub.realtime"
    label = "realtime"
