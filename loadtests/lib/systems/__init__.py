"""Systems under test: a running server, how to connect to it, and what its processes use.

The benchmark compares several (loadtests/bench/systems); Hubbub itself is here, since the capacity
test also measures it.
"""
