"""The line in which one types what is to be found in what was shown, with what is found above it."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

import wcwidth
from prompt_toolkit.application import get_app
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.filters import Condition
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.layout import BufferControl

from chat_protocol.text import one_line
from cli_client.finding import Finder, Match
from cli_client.folding import fold, mark, spans
from cli_client.layout import Fragments
from cli_client.render import Renderer
from cli_client.rows import Picture, input_rows
from cli_client.toolbar import Toolbar
from cli_client.translations import Translations
from cli_client.wrapping import cell_width, clip

_MOST_ROWS: Final = 8
_MAX_TEXT: Final = 200  # characters
_NAME_WIDTH: Final = 24  # cells


class FindLine:
    """The line in which one types what to find, in the place of the input line, whose text stays.

    The newest match is chosen first; `on_choice` is told which one Enter has taken. Owned by the main thread.
    """

    def __init__(
        self,
        texts: Translations,
        finder: Finder,
        renderer: Renderer,
        toolbar: Toolbar,
        on_choice: Callable[[Match], None],
    ) -> None:
        self._texts = texts
        self._finder = finder
        self._renderer = renderer
        self._toolbar = toolbar
        self._on_choice = on_choice
        self._buffer = Buffer(multiline=False)
        self._buffer.on_text_changed += lambda _: self._choose_newest()
        self.control = BufferControl(self._buffer)
        """What has the focus while it is open."""
        self.is_open = False
        self._last = ""  # what was to be found the time before
        self._chosen = 0  # of the matches, counted from the newest
        self._first = 0  # the newest one that is shown, counted so too

    def press(self) -> None:
        """Open it; pressed again, choose the match before, or find what was found last."""
        if self.is_open:
            if self._buffer.text:
                self._move(1)
            else:
                self._buffer.insert_text(self._last)
        elif not get_app().layout.is_searching:
            self.is_open = True
            get_app().layout.focus(self.control)
            self._toolbar.notice = self._texts("find_keys")

    def close(self) -> None:
        """Go back to the input line, if it is open."""
        if self.is_open:
            self.is_open = False
            self._last = self._buffer.text or self._last
            self._buffer.reset()
            self._toolbar.notice = ""
            get_app().layout.focus_last()

    # --- what is drawn ---------------------------------------------------------------------

    def draw(self, columns: int, rows: int) -> tuple[list[Fragments], Picture]:
        """Return the rows of matches, the newest last, and those of the line itself."""
        wanted = fold(self._buffer.text)
        matches = self._finder.find(wanted)
        most = max(1, min(_MOST_ROWS, rows // 2 - 1))
        self._chosen = max(0, min(self._chosen, len(matches) - 1))
        self._first = max(
            self._chosen - most + 1, min(self._first, self._chosen, max(0, len(matches) - most))
        )
        end = len(matches) - self._first
        chosen = matches[len(matches) - 1 - self._chosen] if matches else None
        shown = [
            self._row(match, wanted, columns, is_chosen=match is chosen)
            for match in matches[max(0, end - most) : end]
        ]
        key = "find_prompt_of" if matches else "find_prompt_none" if wanted else "find_prompt"
        prompt = self._texts(key, place=self._chosen + 1, count=len(matches))
        line = [("class:prompt", prompt)]
        return shown, input_rows(line, self._buffer.text, self._buffer.cursor_position, columns)

    def _row(self, match: Match, wanted: str, columns: int, *, is_chosen: bool) -> Fragments:
        """Return a match in one row, so much of its text as has room beside what was found."""
        before = [("class:prompt", "› ") if is_chosen else ("", "  ")]
        head: Fragments = []
        if match.message:
            before.append(("class:dim", f"{self._time(match.message.at)} #{match.message.id} "))
            if match.head:
                name = one_line(match.message.name)
                start, _, end = match.head.partition(name)
                head = [
                    ("", start),
                    (self._renderer.colours.style(match.message.name), clip(name, _NAME_WIDTH)),
                    ("", end),
                ]
        room = columns - sum(cell_width(text) for _, text in [*before, *head])
        return [*before, *mark([*head, ("", _around(match.text, wanted, room))], wanted)]

    def _time(self, at: str) -> str:
        moment = self._renderer.moment(at)
        if moment is None:
            return "--:--"
        is_today = moment.date() == datetime.now(moment.tzinfo).date()
        return f"{moment:%H:%M}" if is_today else f"{moment:%d.%m. %H:%M}"

    # --- the keyboard ------------------------------------------------------------------

    def key_bindings(self) -> KeyBindings:
        """Return what keys do while it is open; the others edit its text."""
        bindings = KeyBindings()
        is_open = Condition(lambda: self.is_open)

        @bindings.add("enter", filter=is_open)
        @bindings.add("c-j", filter=is_open)
        def _(_: KeyPressEvent) -> None:
            matches = self._finder.find(fold(self._buffer.text))
            if matches or not self._buffer.text:
                self.close()
            if matches:
                self._on_choice(matches[max(0, len(matches) - 1 - self._chosen)])

        @bindings.add("escape", filter=is_open, eager=True)
        @bindings.add("c-c", filter=is_open)
        @bindings.add("c-g", filter=is_open)
        def _(_: KeyPressEvent) -> None:
            self.close()

        @bindings.add("up", filter=is_open)
        @bindings.add("c-p", filter=is_open)
        def _(_: KeyPressEvent) -> None:
            self._move(1)

        @bindings.add("down", filter=is_open)
        @bindings.add("c-n", filter=is_open)
        def _(_: KeyPressEvent) -> None:
            self._move(-1)

        @bindings.add("pageup", filter=is_open)
        def _(_: KeyPressEvent) -> None:
            self._move(_MOST_ROWS)

        @bindings.add("pagedown", filter=is_open)
        def _(_: KeyPressEvent) -> None:
            self._move(-_MOST_ROWS)

        @bindings.add(Keys.BracketedPaste, filter=is_open)
        def _(event: KeyPressEvent) -> None:
            self._buffer.insert_text(one_line(event.data)[:_MAX_TEXT])

        return bindings

    def _choose_newest(self) -> None:
        self._chosen = self._first = 0

    def _move(self, step: int) -> None:
        self._chosen = max(0, self._chosen + step)  # drawing it keeps it below their number


def _around(text: str, wanted: str, width: int) -> str:
    """Return a text, without its beginning if what is found would have no room behind that."""
    start, end = next(spans(text, wanted), (0, 0))
    if cell_width(text[:end]) <= width:
        return text
    before, used = "", 1
    for cluster in reversed([*wcwidth.iter_graphemes(text[:start])]):
        used += wcwidth.width(cluster)
        if used > width // 3:
            break
        before = cluster + before
    return f"…{before}{text[start:]}"
