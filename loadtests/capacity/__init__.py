"""How much one replica carries: load is raised until a promise breaks.

`python -m loadtests.capacity` (`make capacity`) writes docs/capacity.json, a plot, and the figures
in docs/operations.md. `promise` and `search` are pure; `here` and `elsewhere` put the load on.
"""
