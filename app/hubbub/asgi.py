"""The ASGI application: the socket at /ws/, and pages where one process serves everything."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hubbub.settings")
pages = get_asgi_application()

from channels.routing import ProtocolTypeRouter  # noqa: E402  (needs the settings)

from hubbub.realtime.consumer import websocket  # noqa: E402

application = ProtocolTypeRouter({"http": pages, "websocket": websocket})
