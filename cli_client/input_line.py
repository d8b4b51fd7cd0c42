"""The input line of the terminal: a message being typed, or the answer to a question."""

import sys
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from enum import Enum
from itertools import accumulate

from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document
from prompt_toolkit.filters import is_searching
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.layout import BufferControl, HSplit, Layout, Window
from prompt_toolkit.layout.controls import SearchBufferControl
from prompt_toolkit.search import SearchDirection, accept_search, start_search

from chat_client.events import Phase, Status
from chat_protocol.short_forms import parse_short_form
from chat_protocol.text import clean
from cli_client.rows import glyphs


class Question(Enum):
    """What the input line asks for, if not for a message. The value is the key of the text."""

    NAME = "ask_name"
    PASSWORD = "ask_password"  # noqa: S105 - not a password
    MODERATOR = "ask_moderator"
    MODERATOR_AGAIN = "ask_moderator_again"


class InputLine:
    """The text that is edited, and the question that it answers, if any. Owned by the main thread.

    The cursor never stands within a grapheme cluster. `on_change` is called when the text has changed.
    The focus may be on the `other` line.
    """

    def __init__(
        self, question: Question | None, on_change: Callable[[], None], other: BufferControl
    ) -> None:
        self.question = question
        self.buffer = Buffer()
        self.buffer.on_text_changed += lambda _: on_change()
        self.buffer.on_cursor_position_changed += lambda _: self._leave_cluster()
        self._cursor = 0  # where it stood before it moved
        self._control = BufferControl(
            self.buffer, search_buffer_control=SearchBufferControl(ignore_case=True)
        )
        search = self._control.search_buffer_control
        assert search
        self._query = search.buffer
        self.layout = Layout(HSplit([Window(self._control), Window(search), Window(other)]))
        self._before_search = (0, 0)  # the entry of the history that was edited, and the cursor
        self._draft = ""  # the message that was being typed when a question came up

    # --- questions ---------------------------------------------------------------------

    @property
    def asks_moderator(self) -> bool:
        """Whether the moderator's password is asked for."""
        return self.question in (Question.MODERATOR, Question.MODERATOR_AGAIN)

    @property
    def document(self) -> Document:
        """The text and the cursor, to be drawn."""
        self.buffer.load_history_if_not_yet_loaded()  # as prompt_toolkit does when it draws
        return self.buffer.document

    @property
    def draft(self) -> str:
        """The message being typed."""
        return self._draft if self.question else self.buffer.text

    def ask(self, question: Question, default: str = "") -> None:
        """Ask a question; the message being typed is kept for later."""
        if question is self.question:  # its answer may be half typed
            return
        self._end_search()
        if self.question is None and self.buffer.text:
            self._draft = self.buffer.text
        self.question = question
        self.buffer.reset(Document(default))

    def is_answered(self, status: Status) -> bool:
        """Return whether the question needs no answer any more."""
        if self.asks_moderator:
            return status.moderator
        is_online = status.phase is Phase.ONLINE
        return self.question is None or (self.question is Question.PASSWORD and is_online)

    def end_question(self) -> None:
        """End the question; put the kept message back."""
        if self.question:
            self.buffer.reset()
        self.question = None
        if self._draft:
            self.buffer.insert_text(self._draft)
            self._draft = ""

    # --- editing -----------------------------------------------------------------------

    def clear(self, *, keep: bool) -> None:
        """Empty the line, or bring back the draft that was left for an older text.

        With `keep` the text goes into the history, from which an arrow key brings it back.
        """
        if keep:
            self.buffer.append_to_history()
        index = self.buffer.working_index
        self.buffer.history_forward(sys.maxsize)
        self.buffer.reset(self.buffer.document if self.buffer.working_index != index else None)

    def paste(self, text: str, limit: int) -> bool:
        """Insert a pasted text, which is never a command; return False if it is far longer than `limit`."""
        text = text.replace("\r\n", "\n").replace("\r", "\n")  # terminals send CR for LF
        if self.question:
            text = text.strip("\n")
        else:
            text = clean(text)
            if not self.buffer.document.text_after_cursor:
                text = text.rstrip("\n")
            if not clean(self.buffer.text):
                if text.startswith("/"):
                    text = f"/{text}"  # two slashes stand for one that begins no command
                elif not isinstance(parse_short_form(text), str):
                    text = f"\\{text}"
            elif text.startswith("/") and not clean(self.buffer.document.text_before_cursor):
                text = f"/{text}"
        if len(text) > 4 * limit:  # so long a text would be slow to edit
            return False
        self.buffer.insert_text(text)
        return True

    def key_bindings(self) -> KeyBindings:
        """Return the keys that edit or search, where prompt_toolkit's own would not do."""
        bindings = KeyBindings()

        @bindings.add("backspace")
        def _(event: KeyPressEvent) -> None:
            document = event.current_buffer.document
            column, ends = document.cursor_position_col, _cluster_ends(document)
            before = bisect_left(ends, column)
            event.current_buffer.delete_before_cursor(column - ends[before - 1] if before else 1)

        @bindings.add("delete")
        @bindings.add("c-delete")
        @bindings.add("c-d")
        def _(event: KeyPressEvent) -> None:
            document = event.current_buffer.document
            column, ends = document.cursor_position_col, _cluster_ends(document)
            after = bisect_right(ends, column)
            event.current_buffer.delete(ends[after] - column if after < len(ends) else 1)

        @bindings.add("enter", filter=is_searching)
        @bindings.add("c-j", filter=is_searching)
        def _(_: KeyPressEvent) -> None:
            if self._query.text:
                accept_search()
            else:
                self._end_search()

        @bindings.add("escape", filter=is_searching, eager=True)
        @bindings.add("c-c", filter=is_searching)
        @bindings.add("c-g", filter=is_searching)
        def _(_: KeyPressEvent) -> None:
            self._end_search()

        return bindings

    def _leave_cluster(self) -> None:
        """Move the cursor on if it has come to stand within a cluster."""
        position, column = self.buffer.cursor_position, self.buffer.document.cursor_position_col
        ends = _cluster_ends(self.buffer.document)
        after = bisect_left(ends, column)
        if ends[after] != column:
            column -= ends[after if position > self._cursor else after - 1]
            self.buffer.cursor_position = position = position - column
        self._cursor = position

    # --- searching the history -----------------------------------------------------------

    @property
    def found(self) -> tuple[str, Document] | None:
        """What is searched for, and what is found so far; None while nothing is searched for."""
        if not self.layout.is_searching:
            return None
        state = self._control.search_state
        state.text = self._query.text
        return state.text, self.buffer.document_for_search(state) if state.text else self.buffer.document

    def search(self) -> None:
        """Search in what was typed before, backward."""
        self._start_search(SearchDirection.BACKWARD)

    def search_forward(self) -> None:
        """Search in it forward."""
        self._start_search(SearchDirection.FORWARD)

    def _start_search(self, direction: SearchDirection) -> None:
        if not self.question:
            self._before_search = (self.buffer.working_index, self.buffer.cursor_position)
            start_search(direction=direction)

    def _end_search(self) -> None:
        """Leave the search, back to what was edited before it."""
        if self.layout.is_searching:
            self.layout.focus(self._control)
            self.layout.search_links.clear()
            self._query.reset()
            index, cursor = self._before_search
            self.buffer.go_to_history(index)
            self.buffer.cursor_position = cursor


def _cluster_ends(document: Document) -> list[int]:
    """Return where in the cursor's line a cluster ends, and 0."""
    return list(accumulate((glyph.length for glyph in glyphs(document.current_line)), initial=0))
