"""Tests of two or more replicas that share a database and a Redis, used as clients use them.

The unit tests of one replica's modules, also of those in `app/hubbub/realtime/cluster`, are in
`tests/realtime`.
"""
