"""Plays recorded traffic back: `python -m loadtests.replay FILE…`; docs/replay.md says the rest."""
