"""What puts load on Hubbub and faults into it: a client, a checker, servers, benchmarks.

Used by the tests too. Nothing in `app/` imports from here.
"""
