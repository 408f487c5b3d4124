"""A Heroku dyno of the type `web`: nginx, gunicorn and a replica behind one PORT.

`python -m scripts.heroku` is the Procfile's command. Nothing is started again here: a dyno whose
part ends, ends, and Heroku starts another. `.profile` has what differs here.
"""
