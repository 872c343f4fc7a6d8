"""What operators are told of rests on metrics that there are, and on nothing else."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from graphql_api.metrics import Metrics

ROOT = Path(__file__).parents[2]
PROMETHEUS = ROOT / "deploy" / "prometheus"
ALERTS = yaml.safe_load((PROMETHEUS / "alerts.yml").read_text())
DASHBOARD = json.loads((ROOT / "deploy" / "grafana" / "recommender.json").read_text())
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
RULES = [rule for group in ALERTS["groups"] for rule in group["rules"]]
NAMES = {f.name: f.type for f in Metrics()._registry.collect() if f.name.startswith("recommender")}
SERIES = {
    "counter": ("_total",),
    "histogram": ("_bucket", "_count", "_sum"),
    "gauge": ("",),
}


def series():
    """Every name that Prometheus stores."""
    return {name + ending for name, type_ in NAMES.items() for ending in SERIES[type_]}


def named_in(text):
    return set(re.findall(r"recommender_[a-z_]+", text))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_goes_by_metrics_that_there_are_and_the_guide_says_what_to_do(rule):
    assert named_in(rule["expr"]) <= series()
    assert f"`{rule['alert']}`" in OPERATIONS


def test_a_panel_goes_by_metrics_that_there_are():
    targets = [t["expr"] for panel in DASHBOARD["panels"] for t in panel["targets"]]
    assert len(targets) >= len(DASHBOARD["panels"]) > 0
    for expression in targets:
        assert named_in(expression) <= series(), expression
        assert named_in(expression)


def test_the_guide_tells_every_metric_and_no_other():
    rows = set(re.findall(r"^\| `(recommender_[a-z_]+)`", OPERATIONS, re.MULTILINE))
    stored = {n + ("_total" if t == "counter" else "") for n, t in NAMES.items()}
    assert rows == stored


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "rules", "deploy/prometheus/alerts.yml"),
        ("check", "config", "--syntax-only", "deploy/prometheus/prometheus.yml"),
        ("test", "rules", "tests/deploy/alerts_test.yml"),
    ],
    ids=" ".join,
)
def test_prometheus_itself_takes_it(arguments):
    promtool = shutil.which("promtool") or str(Path(sys.prefix, "bin", "promtool"))
    done = subprocess.run([promtool, *arguments], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
