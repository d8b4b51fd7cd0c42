"""What was printed last, printed anew when the terminal has another width."""

from collections.abc import Callable, Sequence
from datetime import date

from cli_client.layout import Fragments, Layout

Lines = Callable[[], Fragments]
"""Returns the same lines each time, wrapped for the width that the terminal has then."""

Printed = tuple[date | None, Lines]
"""The date of the line before, and what was printed."""


def again(printed: Sequence[Printed], rows: int, layout: Layout) -> Fragments:
    """Return the last lines of what was printed, at most so many. The date of `layout` stays."""
    today = layout.date
    parts: list[Fragments] = []
    count = 0
    for layout.date, lines in reversed(printed):
        part = lines()
        parts.append(part)
        count += sum(text.count("\n") for _, text in part)
        if count >= rows:
            break
    layout.date = today
    return _without_first([fragment for part in reversed(parts) for fragment in part], count - rows)


def _without_first(fragments: Fragments, lines: int) -> Fragments:
    """Return fragments without the first `lines` lines."""
    for number, (style, text) in enumerate(fragments):
        if lines <= 0:
            return fragments[number:]
        pieces = text.split("\n", lines)
        if len(pieces) > lines:
            return [(style, pieces[lines]), *fragments[number + 1 :]]
        lines -= len(pieces) - 1
    return []
