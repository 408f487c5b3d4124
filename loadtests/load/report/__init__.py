"""The report of a load run: one HTML file that needs no other file.

A run's folder has series.json (what users experienced), samples.jsonl (what the servers reported
and used, if they were monitored), machine.json and locust.html. `write` makes report.html from
them, and `python -m loadtests.load.report FOLDER` writes it again. Nothing is measured here.
"""

from loadtests.load.report.page import write

__all__ = ["write"]
