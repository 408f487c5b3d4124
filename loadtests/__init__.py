"""Load and fault tests for Hubbub: a client, a checker, servers and benchmarks.

The tests use them, too. Nothing in `app/` imports this package.
"""
