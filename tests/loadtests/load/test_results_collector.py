"""The book of a load notes what is done to everybody, once for each start, and what failed of it.

Locust patches the standard library, so the book is kept in a process of its own.
"""

import json
import subprocess
import sys

from loadtests.lib.servers.process import ROOT

# Two starts, as on Locust's page; a deploy in the middle of each, of a stack that is not there.
KEPT = """
import json
from locust.env import Environment
import gevent
from loadtests.load.results_collector import Book
from loadtests.load.plan import Plan
from loadtests.load.run import Run

plan = Plan("run", "http://127.0.0.1:1", "deploy", 5, 1, 1.0, [], stack="/nowhere")
book = Book(Run(plan, Environment(), "one"), 1.5)
book.begin()
gevent.sleep(0.01)
book.begin()
with gevent.Timeout(60):
    while len(book.series.marks) < 2:
        gevent.sleep(0.1)
gevent.sleep(0.5)  # in which the first start's deploy would be noted, too
print(json.dumps([[mark.text, mark.failed] for mark in book.series.marks]))
"""


def test_a_second_start_ends_what_followed_the_first_and_a_failed_deploy_is_a_failure() -> None:
    kept = subprocess.run(
        [sys.executable, "-c", KEPT], cwd=ROOT, capture_output=True, text=True, check=True
    )
    [begun, failed] = json.loads(kept.stdout)
    assert begun == ["the replicas roll", False]
    assert failed[0].startswith("No deploy: ")
    assert failed[1]
