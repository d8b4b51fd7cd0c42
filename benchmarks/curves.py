"""Plots figures over time, as an SVG for light and dark pages."""

from collections.abc import Mapping, Sequence

from benchmarks.plot import COLOURS, STYLE, text

_WIDTH, _HEIGHT = 780, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 150, 44, 40
_STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
_LINES = 6  # of the grid, at most

Curve = Sequence[tuple[float, float]]
"""Points: seconds since the start, and the figure."""


def curves(title: str, lines: Mapping[str, Curve]) -> str:
    """Return the SVG: minutes to the right, one line for each name, from 0 up."""
    last = max(points[-1][0] for points in lines.values()) / 60
    top = max(value for points in lines.values() for _, value in points) or 1
    across, up = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">',
        f"<title>{title}</title><style>{STYLE}</style>",
        text(_LEFT, 22, title, kind="title"),
    ]
    for value in _ticks(top):
        y = _TOP + up * (1 - value / top)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{_LEFT + across}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(text(_LEFT - 8, y + 4, f"{value:g}", anchor="end"))
    for minute in _ticks(last):
        x = _LEFT + across * minute / last
        parts.append(text(x, _HEIGHT - _BOTTOM + 20, f"{minute:g} min", anchor="middle"))
    names: list[tuple[float, str, str]] = []
    for (name, points), colour in zip(lines.items(), COLOURS[1:], strict=False):
        placed = [(_LEFT + across * at / 60 / last, _TOP + up * (1 - value / top)) for at, value in points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        names.append((placed[-1][1], name, colour))
    lowest = 0.0
    for y, name, colour in sorted(names):
        lowest = max(y + 4, lowest + 16)
        parts.append(text(_LEFT + across + 8, lowest, name, style=f"fill: {colour}; font-weight: 600"))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _ticks(top: float) -> list[float]:
    """Return round values from 0 to at most `top`."""
    scale = 1.0
    while top / scale < 1:
        scale /= 1000
    step = next((step * scale for step in _STEPS if top / (step * scale) <= _LINES), top)
    return [step * number for number in range(int(top / step) + 1)]
