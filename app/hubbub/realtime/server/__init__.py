"""The server of a replica: a subclass of Daphne with its whole command line.

A deployment runs N of `python -m hubbub.realtime.server`. Daphne is subclassed, never patched:
everything that works with stock Daphne, or with another ASGI server, works here.
"""
