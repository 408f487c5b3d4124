"""The tutorial's `asgi.py`: it routes by the room's name and uses no middleware."""

import os
from typing import Any

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import re_path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "loadtests.bench.systems.tutorial.chat.settings")
http = get_asgi_application()

from loadtests.bench.systems.tutorial.chat.consumers import ChatConsumer  # noqa: E402  (needs the apps to be set up)

# The stubs do not know that Channels routes to ASGI applications as if they were views.
consumer: Any = ChatConsumer.as_asgi()
routes: Any = [re_path(r"ws/chat/(?P<room_name>\w+)/$", consumer)]
application = ProtocolTypeRouter({"http": http, "websocket": URLRouter(routes)})
