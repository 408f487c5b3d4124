"""The benchmark measures Hubbub and other chat servers on one machine in one run.

`python -m loadtests.bench` (`make bench`) starts all servers itself and prints tables. Absolute
figures depend on the machine; compare only within a table.
"""
