"""What a process shows at /metrics, read as Prometheus reads it."""

from http.client import HTTPConnection

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from loadtests.servers.process import HOST


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


def has(sample: Sample, labels: dict[str, str]) -> bool:
    return labels.items() <= sample.labels.items()


def ask(port: int, path: str, **headers: str) -> tuple[int, str]:
    connection = HTTPConnection(HOST, port, timeout=10)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def scrape(port: int) -> Scrape:
    status, text = ask(port, "/metrics")
    assert status == 200, text
    return Scrape(text)
