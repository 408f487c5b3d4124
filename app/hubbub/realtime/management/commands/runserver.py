"""`manage.py runserver`: Daphne's, which serves WebSockets, too.

Daphne itself is not in INSTALLED_APPS: its app imports the whole server, and so would gunicorn and
every command.
"""

from daphne.management.commands.runserver import Command

__all__ = ["Command"]
