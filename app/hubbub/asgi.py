"""The ASGI application: WebSockets at /ws/, probes, and pages if one process serves everything."""

import os
import socket

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hubbub.settings")
# The name of this process's connections in Postgres. `doctor` counts processes by it.
os.environ.setdefault("PGAPPNAME", f"hubbub-realtime {socket.gethostname()}:{os.getpid()}")
pages = get_asgi_application()

from channels.routing import ProtocolTypeRouter  # noqa: E402  (needs the settings)
from django.conf import settings  # noqa: E402

from hubbub.realtime.endpoint import websocket  # noqa: E402
from hubbub.realtime.http.pages import in_threads  # noqa: E402
from hubbub.realtime.http.probes import with_probes  # noqa: E402

http = with_probes(in_threads(pages, settings.WEB_THREADS))
application = ProtocolTypeRouter({"http": http, "websocket": websocket})
