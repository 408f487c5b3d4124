"""Make the PrometheusRule of deploy/k8s from deploy/monitoring/alerts.yml: `make alerts`.

kustomize can put a file into a ConfigMap, and not into a PrometheusRule. So the rules are there
once more, and a test holds that they are the same: change alerts.yml, and run this.
"""

import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "deploy/monitoring/alerts.yml"
MADE = ROOT / "deploy/k8s/components/monitoring/alerts.yaml"
HEAD = """\
# Made by `make alerts` from deploy/monitoring/alerts.yml: change that one.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: hubbub
  labels:
    app.kubernetes.io/name: hubbub
    app.kubernetes.io/component: monitoring
spec:
"""


def rule(alerts: str) -> str:
    """Return the PrometheusRule that says what a file of rules for Prometheus says."""
    _, groups, rest = alerts.partition("groups:\n")
    return HEAD + textwrap.indent(groups + rest, "  ")


def main() -> None:
    MADE.write_text(rule(SOURCE.read_text()))


if __name__ == "__main__":
    main()
