"""Samples what a running deployment reports and uses during a load, about once a second.

`python -m loadtests.lib.monitoring` writes a line of JSON per sample. It is a process of its own,
so that no load generator waits for it. Reading such a file is pure (`time_series`, `growth`);
reports and the soak do it.
"""
