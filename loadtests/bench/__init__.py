"""The benchmark: Hubbub beside a tutorial-style Channels chat, on one machine, in one run.

`python -m loadtests.bench` starts all servers itself and prints a table. Absolute figures are the
machine's; the ratios are what is quoted.
"""
