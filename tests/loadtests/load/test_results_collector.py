"""After each start, the results collector notes each action of the shape once, and which failed.

Locust patches the standard library, so the collector runs in a process of its own.
"""

import json
import subprocess
import sys

from loadtests.lib.servers.process import ROOT

# The run is started twice, as if from Locust's page. Halfway through, each start deploys to a stack
# that is not running.
SCRIPT = """
import json
from locust.env import Environment
import gevent
from loadtests.load.results_collector import ResultsCollector
from loadtests.load.plan import LoadPlan
from loadtests.load.run import LoadRun

plan = LoadPlan("run", "http://127.0.0.1:1", "deploy", 5, 1, 1.0, [], stack="/nowhere")
results = ResultsCollector(LoadRun(plan, Environment(), "one"), 1.5)
results.start()
gevent.sleep(0.01)
results.start()
with gevent.Timeout(60):
    while len(results.series.annotations) < 2:
        gevent.sleep(0.1)
gevent.sleep(0.5)  # the first start's deploy would also be noted in this time
print(json.dumps([[one.text, one.failed] for one in results.series.annotations]))
"""


def test_a_second_start_cancels_the_first_and_a_failed_deploy_is_a_failure() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=ROOT, capture_output=True, text=True, check=True
    )
    [started, failed] = json.loads(done.stdout)
    assert started == ["rolling deploy", False]
    assert failed[0].startswith("The deploy failed: ")
    assert failed[1]
