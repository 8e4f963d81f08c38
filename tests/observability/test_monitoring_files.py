"""Dashboard and alerts use only what a running service exposes, and the page names all of it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import requests
import yaml  # type: ignore[import-untyped]

from padws.config import ROOT
from padws.embedded.temporary import Service
from tests.helpers.browser import signed_in
from tests.observability.conftest import Start
from tests.observability.journal import FIELDS
from tests.observability.promql import Asked
from tests.observability.scrape import Scrape, scrape

DOCS = ROOT / "docs"
ALERTS, DASHBOARD = (
    DOCS / "monitoring" / name for name in ("alerts.yml", "grafana-dashboard.json")
)
PAGE = DOCS / "monitoring.md"

# What Prometheus adds to every series, or knows by itself.
OF_PROMETHEUS = {"instance", "job"}
# Labels whose values depend on events that need not have happened.
BY_CHANCE = {"status"}


def rules() -> list[dict[str, str]]:
    (group,) = yaml.safe_load(ALERTS.read_text())["groups"]
    return list(group["rules"])


def targets() -> list[dict[str, str]]:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    return [target for panel in panels for target in panel.get("targets", [])]


EXPRESSIONS = [(ALERTS, each["expr"]) for each in rules()]
EXPRESSIONS += [(DASHBOARD, each["expr"]) for each in targets()]


@pytest.fixture
def figures(start: Start) -> Scrape:
    """What a service of two workers exposes after some traffic."""
    service = start()
    use(service)
    return scrape(service.url)


def use(service: Service) -> None:
    alice = signed_in(service.url, "alice")
    pad = alice.new_pad()
    assert alice.save(pad).status_code == 200
    assert alice.get(f"/api/pad/{pad}").status_code == 200
    alice.get("/readyz")


def assert_exposed(asked: Asked, figures: Scrape) -> None:
    """Assert that everything an expression asks for exists, with these labels and values."""
    labels = figures.labels_of()
    assert asked.metrics - labels.keys() <= {"up"}
    ours = asked.metrics - {"up"}
    for metric, label in asked.labels():
        assert label in OF_PROMETHEUS or label in labels[metric], (metric, label)
    for label in asked.grouped_by - OF_PROMETHEUS:
        assert any(label in labels[metric] for metric in ours), label
    for metric, label, value in asked.values():
        if label not in OF_PROMETHEUS | BY_CHANCE:
            there = [each for each in figures.samples if each.name == metric]
            assert value in {each.labels[label] for each in there}, (metric, label, value)


def test_every_expression_asks_for_what_there_is(figures: Scrape) -> None:
    assert len(rules()) > 10
    assert len(targets()) > 30
    for _, expression in EXPRESSIONS:
        assert_exposed(Asked(expression), figures)


@pytest.mark.parametrize(
    "wrong",
    [
        "rate(padws_save_total[5m])",
        'padws_saves_total{user="x"}',
        "sum by (user) (padws_saves_total)",
        'padws_http_requests_total{route="/api/pads"}',
        'padws_saves_total / ignoring(x) (padws_ready{check="disk"} > 0)',
    ],
)
def test_a_wrong_expression_would_be_found(wrong: str) -> None:
    figures = Scrape(
        'padws_saves_total 1\npadws_http_requests_total{route="/api/pad"} 1\n'
        'padws_ready{check="redis"} 1\n'
    )
    with pytest.raises(AssertionError):
        assert_exposed(Asked(wrong), figures)


@pytest.mark.parametrize(("file", "expression"), EXPRESSIONS)
def test_legends_and_texts_use_labels_that_are_left(file: Path, expression: str) -> None:
    if file == ALERTS:
        (rule,) = (each for each in rules() if each["expr"] == expression)
        named = set(re.findall(r"\$labels\.(\w+)", str(rule)))
    else:
        named = set()
        for target in targets():
            if target["expr"] == expression:
                named |= set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
    asked = Asked(expression)
    assert named <= asked.grouped_by or asked.metrics == {"up"}, named


def test_the_dashboard_can_be_imported_as_it_is() -> None:
    dashboard = json.loads(DASHBOARD.read_text())
    variables = {each["name"] for each in dashboard["templating"]["list"]}
    used = set(re.findall(r"\$\{?(\w+)", DASHBOARD.read_text()))
    assert used - variables == {"__rate_interval", "__all"}
    numbers = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(numbers)) == len(numbers)
    places = [(each["gridPos"]["x"], each["gridPos"]["y"]) for each in dashboard["panels"]]
    assert len(set(places)) == len(places), "no panel hides another"


def test_every_metric_is_on_the_page(start: Start) -> None:
    service = start()
    use(service)
    text = requests.get(f"{service.url}/metrics", timeout=60).text
    families = set(re.findall(r"^# TYPE (\w+) ", text, re.MULTILINE))
    described = set(re.findall(r"^\| `(padws_\w+)", PAGE.read_text(), re.MULTILINE))
    assert families == described


def test_every_field_of_a_request_is_on_the_page() -> None:
    words = set(re.findall(r"`(\w+)`", PAGE.read_text()))
    assert FIELDS - words == set()
