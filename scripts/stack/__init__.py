"""The whole of Hubbub on one machine: Postgres, Redis, web, N replicas and nginx, kept running.

`make stack` and its companions run `python -m scripts.stack`. Nothing here imports Django or
Hubbub: the manager outlives versions of both, and talks to them as a deployment does, by
environment, ports and signals. It needs the standard library only.
"""
