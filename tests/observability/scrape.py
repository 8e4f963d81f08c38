"""What Prometheus would read from /metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import requests
from prometheus_client.parser import text_string_to_metric_families


@dataclass(frozen=True)
class Sample:
    """One series and its value."""

    name: str
    labels: Mapping[str, str]
    value: float


class Scrape:
    """One look at /metrics."""

    def __init__(self, text: str):
        self.samples = [
            Sample(each.name, each.labels, each.value)
            for family in text_string_to_metric_families(text)
            for each in family.samples
        ]

    def __call__(self, name: str, **labels: str) -> float:
        """The sum of the series of this name with these labels."""
        return sum(
            each.value
            for each in self.samples
            if each.name == name and labels.items() <= each.labels.items()
        )

    def labels_of(self) -> Mapping[str, set[str]]:
        """The labels that the series of each name have."""
        found: dict[str, set[str]] = {}
        for each in self.samples:
            found.setdefault(each.name, set()).update(each.labels)
        return found


def scrape(url: str) -> Scrape:
    """Ask a running service."""
    answer = requests.get(f"{url}/metrics", timeout=60)
    assert answer.status_code == 200, answer.text
    return Scrape(answer.text)
