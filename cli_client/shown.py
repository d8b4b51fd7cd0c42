"""What was printed last, printed anew when the terminal has another width."""

from collections.abc import Callable, Sequence
from datetime import date

from chat_client.events import ClientEvent
from cli_client.layout import Fragments, Layout
from cli_client.presence import Visits
from cli_client.waiting_lines import Hidden

Printed = tuple[date | None, ClientEvent | Visits | Hidden | Fragments]
"""The date of the line before, and what was printed: events, what lines tell of, or lines as they stay."""


def again(
    printed: Sequence[Printed],
    rows: int,
    layout: Layout,
    render: Callable[[ClientEvent | Visits | Hidden], Fragments],
) -> Fragments:
    """Return the last lines of what was printed, at most so many.

    `render` returns the lines of what is no lines yet, and changes nothing but the date of `layout`.
    """
    today = layout.date
    parts: list[Fragments] = []
    count = 0
    for layout.date, what in reversed(printed):
        part = what if isinstance(what, list) else render(what)
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
