"""Systems under test: how a server is started, how to connect to it, and what its processes use.

The benchmark compares several systems (loadtests/bench/systems). Hubbub itself is in this package,
because the capacity test also measures it.
"""
