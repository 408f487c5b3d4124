"""Samples what a running deployment reports and uses during a load, about once a second.

`python -m loadtests.lib.monitoring` writes a line of JSON per sample. The command runs in a process
of its own, so that no load generator waits for it. Reports and the soak read such a file with the
pure functions of `time_series` and `growth`.
"""
