"""Tests of the files in `deploy/`.

The tests in `platforms/` run the whole deployment: they need a container engine and other programs,
so only `make test-deploy` runs them.
"""
