"""Locust's users: people with a browser, and bots.

Importing a module of this package imports Locust, which patches the standard library. So only the
locustfile and processes that gevent has patched may import such a module. What the users have in
common with other simulations is in `lib/simulation`.
"""
