"""Replays recorded traffic: `python -m loadtests.replay FILE…`. See docs/replay.md."""
