"""Reads a process's metrics from `/metrics`, as Prometheus does."""

import urllib.request
from collections import defaultdict

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

TIMEOUT_SECONDS = 5
# The metrics that are kept: Hubbub's own metrics, and the metrics common to all processes.
OURS = ("hubbub_", "process_")
APART = ("le", "last")


class Scrape:
    def __init__(self, text: str) -> None:
        self.samples: list[Sample] = [
            sample for family in text_string_to_metric_families(text) for sample in family.samples
        ]

    @property
    def names(self) -> set[str]:
        return {sample.name for sample in self.samples}

    def value(self, name: str, **labels: str) -> float:
        """Return the sum of all samples with this name and these labels."""
        return sum(one.value for one in self.samples if one.name == name and has(one, labels))

    def labels(self, name: str, label: str) -> set[str]:
        return {one.labels[label] for one in self.samples if one.name == name}

    def sums(self) -> dict[str, float]:
        """Return one number for each metric: the sum over its labels.

        Where a sum would be meaningless, the label is part of the name: `name_bucket:0.005` is a
        bucket of a histogram, and `name:10` is the maximum of the last 10 seconds.
        """
        sums: defaultdict[str, float] = defaultdict(float)
        for one in self.samples:
            if one.name.startswith(OURS) and not one.name.endswith("_created"):
                apart = [f":{one.labels[label]}" for label in APART if label in one.labels]
                sums["".join([one.name, *apart])] += one.value
        return dict(sums)


def has(sample: Sample, labels: dict[str, str]) -> bool:
    return labels.items() <= sample.labels.items()


def fetch(url: str, token: str = "", timeout: float = TIMEOUT_SECONDS) -> Scrape:
    """Fetch the metrics of a process, with its METRICS_TOKEN if there is one. Raises OSError."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(url, headers=headers)
    with urllib.request.urlopen(request, timeout=timeout) as answer:
        return Scrape(answer.read().decode())
