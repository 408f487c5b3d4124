"""The soak: a stack under a gentle load for an hour, and whether anything in it grows.

`python -m loadtests.soak` (`make soak`). People come, talk, edit, lose connections, leave; what the
processes use meanwhile is sampled from outside, and `promises` says what must stay flat.
"""
