"""The report of a load run: one file of HTML that needs nothing else, made of what the run wrote.

A run's folder has series.json (what people met), samples.jsonl (what the servers said and used,
where they could be seen), machine.json and locust.html; `write` makes report.html of them, and
`python -m loadtests.load.report FOLDER` makes it again. Nothing is measured here.
"""

from loadtests.load.report.page import write

__all__ = ["write"]
