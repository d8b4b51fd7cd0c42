"""The rows below the transcript: what is not sent yet, the input line, the toolbar."""

import asyncio
from collections.abc import Callable

from chat_client.events import Status
from chat_protocol.text import one_line
from cli_client.commands import format_outgoing
from cli_client.find_line import FindLine
from cli_client.input_line import InputLine, Question
from cli_client.layout import Fragments
from cli_client.render import Renderer
from cli_client.rows import Picture, input_rows, row
from cli_client.toolbar import Toolbar
from cli_client.translations import Translations


class Bottom:
    """Lays out the rows. Owned by the main thread.

    `redraw` is called when they have changed by themselves, as a countdown does.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - each is another part of the terminal
        self,
        texts: Translations,
        renderer: Renderer,
        input_line: InputLine,
        find_line: FindLine,
        toolbar: Toolbar,
        redraw: Callable[[], None],
    ) -> None:
        self._texts = texts
        self._renderer = renderer
        self._input = input_line
        self._find = find_line
        self._toolbar = toolbar
        self._redraw = redraw
        self._first = 0  # of the input line's rows: the first that is shown
        self._timer: asyncio.TimerHandle | None = None

    def draw(self, status: Status, columns: int, rows: int) -> Picture:
        """Return the rows for a terminal of this size. The input line takes at most half of it."""
        width = columns - 1  # terminals differ in what follows a character in the last column
        found: list[Fragments] = []
        if self._find.is_open:
            found, (typed, y, x) = self._find.draw(width, rows)
        else:
            typed, y, x = self._typed(width)
        height = min(len(typed), max(1, rows // 2))
        self._first = max(y - height + 1, min(self._first, y, len(typed) - height))
        typed = typed[self._first : self._first + height]
        bar = [row(line, width) for line in self._toolbar.lines(status, width)]
        bar = bar[max(0, len(bar) + height - rows) :]
        above = [
            *map(_first_row, self._renderer.waiting()),
            *self._renderer.unsent([*map(format_outgoing, status.unsent)]),
            *found,
        ]
        unsent = [row(line, width) for line in above if line]
        unsent = unsent[max(0, len(unsent) + height + len(bar) - rows) :]
        self._redraw_in(self._toolbar.changes_in(status))
        return Picture([*unsent, *typed, *bar], len(unsent) + y - self._first, x)

    def _typed(self, width: int) -> Picture:
        """Lay out the input line, or the search in its history."""
        question, document = self._input.question, self._input.document
        if self._input.found:
            query, document = self._input.found
            is_found = query.casefold() in document.text.casefold()
            prompt = self._texts("search" if is_found else "search_failed", query=one_line(query))
        else:
            prompt = self._texts(question.value) if question else "› "
        hidden = question not in (None, Question.NAME)
        line = [("class:prompt", prompt)]
        return input_rows(line, document.text, document.cursor_position, width, hidden=hidden)

    def _redraw_in(self, seconds: float | None) -> None:
        if self._timer:
            self._timer.cancel()
        loop = asyncio.get_running_loop()
        self._timer = None if seconds is None else loop.call_later(seconds, self._redraw)


def _first_row(lines: Fragments) -> Fragments:
    row: Fragments = []
    for style, text in lines:
        before, end, _ = text.partition("\n")
        row.append((style, before))
        if end:
            break
    return row
