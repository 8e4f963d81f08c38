"""What expressions of PromQL ask for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import promql_parser
from promql_parser import AggModifierType, MatchOp

_PARTS = ("expr", "args", "lhs", "rhs", "vector_selector")


def nodes(expression: Any) -> Iterator[Any]:
    """An expression and everything in it."""
    yield expression
    for part in _PARTS:
        inner = getattr(expression, part, None) or []
        for each in inner if isinstance(inner, list) else [inner]:
            yield from nodes(each)


class Asked:
    """The series and labels that an expression names."""

    def __init__(self, text: str):
        found = list(nodes(promql_parser.parse(text.replace("$__rate_interval", "5m"))))
        self.selectors = [each for each in found if type(each).__name__ == "VectorSelector"]
        self.grouped_by = {
            label
            for each in found
            if type(each).__name__ == "AggregateExpr" and each.modifier
            for label in each.modifier.labels
            if each.modifier.type == AggModifierType.By
        }

    @property
    def metrics(self) -> set[str]:
        """The names of the series."""
        return {each.name for each in self.selectors}

    def labels(self) -> Iterator[tuple[str, str]]:
        """Metric and label, for each matcher of a selector."""
        for each in self.selectors:
            for matcher in each.matchers.matchers:
                yield each.name, matcher.name

    def values(self) -> Iterator[tuple[str, str, str]]:
        """Metric, label and value, for each matcher that wants this value and no other."""
        for each in self.selectors:
            for matcher in each.matchers.matchers:
                if matcher.op == MatchOp.Equal:
                    yield each.name, matcher.name, matcher.value
