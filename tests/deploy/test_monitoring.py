"""The dashboard and the alerts use only metrics that exist, and every expression parses.

A test of the whole stack also uses `named_metrics`.
"""

import json
import re
from collections.abc import Iterator
from itertools import product
from typing import Any

import promql_parser
import pytest
import yaml
from prometheus_client import REGISTRY, Metric

import hubbub.observability.metrics  # noqa: F401  (registers the metrics)
from loadtests.lib.servers.process import ROOT

MONITORING = ROOT / "deploy/monitoring"
ALERTS = yaml.safe_load((MONITORING / "alerts.yml").read_text())
RULES: list[dict[str, Any]] = [rule for group in ALERTS["groups"] for rule in group["rules"]]
DASHBOARD: dict[str, Any] = json.loads((MONITORING / "dashboard.json").read_text())
PANELS: list[dict[str, Any]] = [one for one in DASHBOARD["panels"] if one["type"] != "row"]
# Variables that Grafana replaces before it sends an expression.
VARIABLES = {"$__rate_interval": "5m", "$instance": ".*"}
# Prometheus itself creates this metric for each target.
OF_PROMETHEUS = {"up"}


def named_metrics() -> set[str]:
    """Return the names of all metrics in the dashboard and the alerts."""
    return {name for expression in expressions() for name in names_in(expression)} - OF_PROMETHEUS


def expressions() -> Iterator[str]:
    for rule in RULES:
        yield rule["expr"]
    for panel in PANELS:
        for target in panel["targets"]:
            yield with_values(target["expr"])


def with_values(expression: str) -> str:
    for variable, value in VARIABLES.items():
        expression = expression.replace(variable, value)
    return expression


def names_in(expression: str) -> set[str]:
    found: set[str] = set()

    def note(node: promql_parser.Expr) -> bool:
        if isinstance(node, promql_parser.MatrixSelector):
            node = node.vector_selector
        if isinstance(node, promql_parser.VectorSelector) and node.name:
            found.add(node.name)
        return True

    promql_parser.walk(promql_parser.parse(expression), note)
    return found


def names_of(family: Metric) -> set[str]:
    """Return the names that a metric's samples have at /metrics."""
    suffixes = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum")}
    return {family.name + suffix for suffix in suffixes.get(family.type, ("",))}


@pytest.mark.parametrize("expression", sorted(set(expressions())))
def test_every_expression_is_valid_promql(expression: str) -> None:
    promql_parser.parse(expression)


def test_metric_names_are_found_in_expressions() -> None:
    expression = 'sum(rate(a_total{b="c"}[5m])) > 0.1 unless on (d) (e or vector(0))'
    assert names_in(expression) == {"a_total", "e"}
    assert "hubbub_fan_out_seconds_bucket" in named_metrics()


def test_every_used_metric_is_defined() -> None:
    defined = {name for family in REGISTRY.collect() for name in names_of(family)}
    assert named_metrics() - defined == set()


def test_every_metric_of_ours_is_used() -> None:
    ours = [family for family in REGISTRY.collect() if family.name.startswith("hubbub_")]
    assert len(ours) > 10
    assert [family.name for family in ours if not names_of(family) & named_metrics()] == []


def test_every_alert_has_severity_texts_and_a_runbook() -> None:
    for rule in RULES:
        name, notes = rule["alert"], rule["annotations"]
        anchor = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()
        assert notes["runbook"] == f"docs/operations.md#alert-{anchor}"
        assert rule["labels"]["severity"] in ("warning", "critical"), name
        assert notes["summary"], name
        assert notes["description"].endswith("."), name


def test_panels_have_unique_titles_and_do_not_overlap() -> None:
    assert len({panel["title"] for panel in PANELS}) == len(PANELS)
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        cells = set(product(range(at["x"], at["x"] + at["w"]), range(at["y"], at["y"] + at["h"])))
        assert not cells & taken, panel["title"]
        taken |= cells
