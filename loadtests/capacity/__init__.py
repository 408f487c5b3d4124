"""Measures the capacity of one replica: raises the load until a criterion fails.

`python -m loadtests.capacity` (`make capacity`) writes docs/capacity.json, a plot, and a section of
docs/operations.md. `criteria` and `search` are pure; `local_target` and `remote_target` run the
loads.
"""
