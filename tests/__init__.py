"""Hubbub's tests. The folders mirror the code; each file tests one behaviour.

`conftest.py` starts the servers that the tests run on; `support/` has the fixtures and helpers.
"""
