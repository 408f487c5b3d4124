"""The records of a run, one for each load on each system, and the figures derived from them. Pure.

A record is a dictionary, saved as JSON: `load` names the load ("quiet", "hot", …) and `system` the
server. `cpu` has the seconds of CPU time that each kind of process used, and `result` has what the
load client counted.
"""

from collections.abc import Sequence
from typing import Any

from loadtests.lib.load_client import Result
from loadtests.lib.systems.system import System
from loadtests.lib.systems.usage_window import UsageWindow

Record = dict[str, Any]
Records = Sequence[Record]


def record(load: str, system: System, window: UsageWindow, result: Result, **facts: Any) -> Record:
    return {
        "load": load,
        "system": system.name,
        "replicas": len(system.addresses),
        **facts,
        "cpu": window.cpu,
        "loop_stall_ms": window.loop_stall_ms,
        "result": result,
    }


def find(records: Records, *loads: str, **facts: Any) -> list[Record]:
    """Return the records of these loads that have all these facts, in the order of the loads."""
    return [
        one
        for load in loads
        for one in records
        if one["load"] == load and all(one.get(name) == fact for name, fact in facts.items())
    ]


def find_one(records: Records, load: str, **facts: Any) -> Record | None:
    return next(iter(find(records, load, **facts)), None)


def cpu_us_per_delivery(record: Record) -> float:
    """Return the CPU time of replicas and Redis per delivery, in µs.

    The CPU time of Postgres is reported separately.
    """
    used = sum(float(used) for name, used in record["cpu"].items() if name != "postgres")
    return 1e6 * used / max(1, int(record["result"]["deliveries"]))


def cpu_us_per_message(record: Record, name: str) -> float:
    """Return the CPU time of one kind of process per message, in µs."""
    result = record["result"]
    messages = int(result["acked"]) or int(result["sent"])
    return 1e6 * float(record["cpu"].get(name, 0.0)) / max(1, messages)


def deliveries_per_second(record: Record) -> float:
    """Return how many deliveries each replica made per second."""
    return total_deliveries_per_second(record) / int(record["replicas"])


def total_deliveries_per_second(record: Record) -> float:
    return float(record["result"]["deliveries"]) / float(record["result"]["seconds"])


def acks_per_second(record: Record) -> float:
    return float(record["result"]["acked"]) / float(record["result"]["seconds"])


def delivery_ms(record: Record, percentile: str) -> float:
    return float(record["result"]["delivery"][f"{percentile}_ms"])


def delivery_p99_ms(record: Record) -> float:
    return delivery_ms(record, "p99")


def ack_ms(record: Record, percentile: str) -> float:
    return float(record["result"]["ack"][f"{percentile}_ms"])


def redis_per_message(record: Record, counter: str) -> float:
    return float(record["redis"][counter]) / max(1, int(record["result"]["sent"]))
