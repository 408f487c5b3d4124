"""The server of a replica: a subclass of Daphne's server, with all of its command-line options.

A deployment runs N of `python -m hubbub.realtime.server`. Daphne is subclassed, never patched:
whatever works with stock Daphne, or with another ASGI server, works here.
"""
