"""A Heroku dyno of type `web`: nginx, gunicorn and a replica behind one PORT.

The Procfile runs `python -m scripts.heroku`. Nothing is restarted here: when one process exits, the
dyno exits, and Heroku starts another. `.profile` sets what differs on Heroku.
"""
