"""Hubbub's tests, one file per behaviour: what they run on is in `conftest.py`, the cast in
`fixtures.py`.
"""
