"""Plots cost against room size, as an SVG for light and dark pages."""

import math
from collections.abc import Sequence
from html import escape

from benchmarks.results import Results
from benchmarks.workloads import ROOMS, room

_WIDTH, _HEIGHT = 780, 440
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 210, 50, 50
COLOURS = ("#8a8f98", "#d6336c", "#f08c00", "#1c7ed6", "#2f9e44", "#7048e8", "#0b7285", "#a0632a")
STYLE = """\
text { font: 13px system-ui, sans-serif; fill: #24292f }
.title { font-size: 15px; font-weight: 600 }
.grid { stroke: #d0d7de; stroke-width: 1 }
@media (prefers-color-scheme: dark) { text { fill: #d6dae0 } .grid { stroke: #3a4048 } }
"""


def plot(results: Results) -> str:
    """Return the SVG: both axes logarithmic, one line for each server."""
    lines = {server: points for server in results.servers if (points := _points(results, server))}
    costs = [cost for points in lines.values() for _, cost in points]
    low = math.floor(math.log10(min(costs)))
    high = max(math.ceil(math.log10(max(costs))), low + 1)
    scale = _Scale(ROOMS[0], ROOMS[-1], 10.0**low, 10.0**high)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">',
        f"<title>Cost of a delivery by room size</title><style>{STYLE}</style>",
        text(
            _LEFT,
            24,
            "CPU seconds of the server per million deliveries, by members in the room",
            kind="title",
        ),
        *_grid(scale, low, high),
    ]
    ends = [(scale.x(points[-1][0]), scale.y(points[-1][1])) for points in lines.values()]
    for (server, points), (x, y), colour in zip(lines.items(), _spread(ends), COLOURS, strict=False):
        path = " ".join(f"{scale.x(size):.1f},{scale.y(cost):.1f}" for size, cost in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2.5"/>')
        parts += [
            f'<circle cx="{scale.x(size):.1f}" cy="{scale.y(cost):.1f}" r="3.5" fill="{colour}"/>'
            for size, cost in points
        ]
        parts.append(text(x + 12, y + 4, server, style=f"fill: {colour}; font-weight: 600"))
    return "\n".join([*parts, "</svg>"]) + "\n"


class _Scale:
    """Maps values to coordinates of the picture."""

    def __init__(self, left: float, right: float, bottom: float, top: float) -> None:
        self._x = math.log(left), math.log(right)
        self._y = math.log(bottom), math.log(top)

    def x(self, value: float) -> float:
        first, last = self._x
        return _LEFT + (math.log(value) - first) / (last - first) * (_WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        first, last = self._y
        return _HEIGHT - _BOTTOM - (math.log(value) - first) / (last - first) * (_HEIGHT - _TOP - _BOTTOM)


def _points(results: Results, server: str) -> list[tuple[int, float]]:
    found = ((size, results.median(server, room(size), "per_million")) for size in ROOMS)
    return [(size, cost) for size, cost in found if cost]


def _grid(scale: _Scale, low: int, high: int) -> list[str]:
    parts = []
    for power in range(low, high + 1):
        y = scale.y(10.0**power)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(text(_LEFT - 10, y + 4, f"{10.0**power:g}", anchor="end"))
    for size in ROOMS:
        x = scale.x(size)
        bottom = _HEIGHT - _BOTTOM
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{bottom}"/>')
        parts.append(text(x, bottom + 22, f"{size:,}", anchor="middle"))
    return parts


def _spread(wanted: Sequence[tuple[float, float]], apart: float = 17) -> list[tuple[float, float]]:
    """Move labels with the same x apart, keeping their order."""
    placed = dict[int, tuple[float, float]]()
    lowest: dict[float, float] = {}
    for index in sorted(range(len(wanted)), key=lambda index: wanted[index][1]):
        x, y = wanted[index]
        lowest[x] = max(y, lowest.get(x, -math.inf) + apart)
        placed[index] = x, lowest[x]
    return [placed[index] for index in range(len(wanted))]


def text(x: float, y: float, text: str, **attributes: str) -> str:
    """Return a text element; `kind` is its CSS class, `anchor` its text-anchor."""
    names = {"kind": "class", "anchor": "text-anchor"}
    more = "".join(f' {names.get(name, name)}="{value}"' for name, value in attributes.items())
    return f'<text x="{x:.1f}" y="{y:.1f}"{more}>{escape(text)}</text>'
