"""The benchmark: Hubbub and other chat servers, measured on one machine in one run.

`python -m loadtests.bench` (`make bench`) starts all servers itself and prints tables. Absolute
figures depend on the machine; compare only within a table.
"""
