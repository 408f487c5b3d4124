"""Tests that use two or more replicas, with one database and one Redis, as clients do.

The unit tests of one replica's modules, including those in `app/hubbub/realtime/cluster`, are in
`tests/realtime`.
"""
