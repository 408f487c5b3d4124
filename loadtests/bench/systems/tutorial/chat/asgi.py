"""The tutorial's `asgi.py`: routing by the room's name, and nothing before it."""

import os
from typing import Any

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import re_path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "loadtests.bench.systems.tutorial.chat.settings")
http = get_asgi_application()

from loadtests.bench.systems.tutorial.chat.consumers import ChatConsumer  # noqa: E402  (after the apps' setup)

# The stubs know nothing of ASGI applications as views, which is how Channels routes.
consumer: Any = ChatConsumer.as_asgi()
routes: Any = [re_path(r"ws/chat/(?P<room_name>\w+)/$", consumer)]
application = ProtocolTypeRouter({"http": http, "websocket": URLRouter(routes)})
