"""The ASGI application: the socket at /ws/, and pages where one process serves everything."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hubbub.settings")
application = get_asgi_application()
