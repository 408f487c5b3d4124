"""`manage.py runserver`: Daphne's version of the command, which serves WebSockets, too.

Daphne itself is not in INSTALLED_APPS: its app imports the complete server, so gunicorn and every
command would import it, too.
"""

from daphne.management.commands.runserver import Command

__all__ = ["Command"]
