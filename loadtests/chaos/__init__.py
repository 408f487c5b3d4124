"""Fault tests (`make chaos`): faults are injected into a whole deployment with simulated users.

`schedule` decides from a seed which fault happens when, `executor` injects them, `run` performs one
run, and `outcome` judges it. docs/reliability.md explains what is tested and promised.
"""
