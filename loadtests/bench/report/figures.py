"""Figures out of records: which record is meant, and what follows from its counts. Pure."""

from collections.abc import Sequence
from typing import Any

from loadtests.bench.window import Record

Records = Sequence[Record]


def find(records: Records, **facts: Any) -> list[Record]:
    """Return the records that have all these facts."""
    return [one for one in records if all(one.get(name) == fact for name, fact in facts.items())]


def find_one(records: Records, **facts: Any) -> Record | None:
    return next(iter(find(records, **facts)), None)


def cpu_us_per_delivery(record: Record) -> float:
    """Return microseconds of the replicas and Redis; Postgres is stated apart."""
    used = sum(float(used) for part, used in record["cpu"].items() if part != "postgres")
    return 1e6 * used / max(1, int(record["result"]["deliveries"]))


def cpu_us_per_message(record: Record, part: str) -> float:
    result = record["result"]
    done = int(result["answered"]) or int(result["sent"])
    return 1e6 * float(record["cpu"].get(part, 0.0)) / max(1, done)


def deliveries_per_second(record: Record) -> float:
    """Return what each replica delivered."""
    result = record["result"]
    return float(result["deliveries"]) / float(result["seconds"]) / int(record["replicas"])


def answers_per_second(record: Record) -> float:
    return float(record["result"]["answered"]) / float(record["result"]["seconds"])


def delivery_ms(record: Record, percentile: str) -> float:
    return float(record["result"]["delivery"][f"{percentile}_ms"])


def answer_ms(record: Record, percentile: str) -> float:
    return float(record["result"]["answer"][f"{percentile}_ms"])


def redis_per_message(record: Record, counter: str) -> float:
    return float(record["redis"][counter]) / max(1, int(record["result"]["sent"]))
