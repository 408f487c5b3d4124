"""The soak: runs a stack under a gentle load for an hour and checks whether anything in it grows.

Run it with `python -m loadtests.soak` (`make soak`). Users connect, send messages, edit, lose
connections and leave, while the processes are sampled from outside. `growth_criteria` says what
must stay flat.
"""
