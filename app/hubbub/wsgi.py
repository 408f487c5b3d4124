"""The WSGI application: pages and REST, for gunicorn."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hubbub.settings")
application = get_wsgi_application()
