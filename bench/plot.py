"""A plot of where the CPU of a request goes, beside that of the bare statement, as SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from bench.figures import app_ms, floors, number, postgres_ms, services, spread
from bench.measuring import Measured, Round

_WIDTH, _LEFT, _RIGHT, _ROW, _BAR, _TOP = 860, 170, 170, 44, 15, 40
_COLOURS = {"padws": "#1971c2", "PostgreSQL": "#f08c00", "Redis": "#e03131", "pgbench": "#868e96"}

Part = tuple[str, float]


def plot(runs: Mapping[str, Sequence[Round]]) -> str:
    """Two bars for each kind of work, to its own scale: what a request takes, and its floor."""
    rows = [_row(number, name, rounds) for number, (name, rounds) in enumerate(runs.items())]
    height = _TOP + _ROW * len(runs)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
            'font-family="sans-serif" font-size="12">',
            '<rect width="100%" height="100%" fill="white"/>',
            *_legend(),
            *rows,
            "</svg>\n",
        ]
    )


def _legend() -> list[str]:
    parts = [_text(8, 20, "CPU of one request, ms; below it the bare statement")]
    for place, (name, colour) in enumerate(_COLOURS.items()):
        x = 420 + 100 * place
        parts += [_rect(x, 10, 12, 12, colour), _text(x + 17, 20, name)]
    return parts


def _row(place: int, name: str, rounds: Sequence[Round]) -> str:
    service, bare = _parts(services(rounds), "padws"), _parts(floors(rounds), "pgbench")
    longest = max(_sum(service), _sum(bare))
    scale = (_WIDTH - _LEFT - _RIGHT) / longest if longest else 0
    y = _TOP + _ROW * place
    bars = [_bar(y, service, scale), _bar(y + _BAR + 2, bare, scale)] if longest else []
    return "\n".join([_text(8, y + 20, name), *bars])


def _parts(runs: Sequence[Measured], client: str) -> list[Part]:
    """Who takes how many milliseconds of CPU; the client is the service, or pgbench."""
    if not runs:
        return []
    of_client = app_ms if client == "padws" else lambda run: run.each(run.driven.cpu)
    of_redis = spread(runs, lambda run: run.each(run.used.redis)).median
    return [
        (client, spread(runs, of_client).median),
        ("PostgreSQL", spread(runs, postgres_ms).median),
        *([("Redis", of_redis)] if client == "padws" else []),
    ]


def _sum(parts: Sequence[Part]) -> float:
    return sum(value for _, value in parts)


def _bar(y: float, parts: Sequence[Part], scale: float) -> str:
    x, drawn = float(_LEFT), []
    for name, value in parts:
        drawn.append(_rect(x, y, value * scale, _BAR, _COLOURS[name]))
        x += value * scale
    values = " + ".join(number(value) for _, value in parts)
    return "\n".join([*drawn, _text(x + 6, y + 12, values)])


def _rect(x: float, y: float, width: float, height: float, colour: str) -> str:
    return f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{height}" fill="{colour}"/>'


def _text(x: float, y: float, text: str) -> str:
    return f'<text x="{x:.1f}" y="{y}">{escape(text)}</text>'
