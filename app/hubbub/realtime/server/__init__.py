"""The server of a replica: Daphne with its whole command line, ours in how it starts and ends.

`python -m hubbub.realtime.server` is what a deployment runs N of. Daphne is subclassed, never
patched: what works with stock Daphne, or with another ASGI server, works here.
"""
