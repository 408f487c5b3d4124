"""Runs and supervises all of Hubbub on one machine: Postgres, Redis, web, N replicas, nginx.

`make stack` and its companions run `python -m scripts.stack`. Nothing here imports Django or
Hubbub: the manager outlives the versions that it deploys, and controls them as a deployment does,
by environment variables, ports and signals. It needs only the standard library.
"""
