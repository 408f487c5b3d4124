"""The WSGI application: pages and REST, for gunicorn."""

import os
import socket

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hubbub.settings")
# The name of this process's connections in Postgres. `doctor` counts processes by it.
os.environ.setdefault("PGAPPNAME", f"hubbub-web {socket.gethostname()}:{os.getpid()}")
application = get_wsgi_application()
