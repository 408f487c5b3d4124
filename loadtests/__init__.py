"""Load and fault tests for Hubbub: a client, a checker, servers and benchmarks.

The tests also use them. Nothing in `app/` imports this package.
"""
