"""The ASGI application: the socket at /ws/, probes, and pages where one process serves all."""

import os
import socket

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hubbub.settings")
# How this process's connections are named in Postgres: `doctor` counts processes by it.
os.environ.setdefault("PGAPPNAME", f"hubbub-realtime {socket.gethostname()}:{os.getpid()}")
pages = get_asgi_application()

from channels.routing import ProtocolTypeRouter  # noqa: E402  (needs the settings)
from django.conf import settings  # noqa: E402

from hubbub.realtime.connections.endpoint import websocket  # noqa: E402
from hubbub.realtime.http.pages import in_threads  # noqa: E402
from hubbub.realtime.http.probes import with_probes  # noqa: E402

http = with_probes(in_threads(pages, settings.WEB_THREADS))
application = ProtocolTypeRouter({"http": http, "websocket": websocket})
