"""The load client, in C: `load.py` compiles it when the benchmark starts, and speaks with it.

In C since the machine's cores are for the servers: a client in Python costs more for each delivery
than they do, and so would be what is measured.
"""
