"""Draws the last rows of the terminal, and prints lines above them."""

import os
from collections.abc import Callable
from functools import cache
from io import StringIO
from typing import Final

from prompt_toolkit.application import Application
from prompt_toolkit.layout import Layout
from prompt_toolkit.output import Output
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.renderer import Renderer
from prompt_toolkit.styles import Attrs, BaseStyle

from cli_client.hyperlinks import END, MARK, without_link
from cli_client.layout import Fragments
from cli_client.rows import Cell, Picture, Row

_FOCUS_ON, _FOCUS_OFF = "\x1b[?1004h", "\x1b[?1004l"  # xterm; others ignore it
_EMPTY: Final = Picture([], 0, 0)


def _moves_text() -> bool:
    """Return whether this terminal wraps long rows anew when it becomes narrower, as most do."""
    return "TMUX" in os.environ or not {"XTERM_VERSION", "STY"} & os.environ.keys()


class Screen(Renderer):
    """Draws the picture that `draw` makes for so many columns and rows: only what has changed of it.

    When the width changes, the last screen is printed anew: `again` returns at most so many lines of it.
    With `takes_links` the links in what is printed are hyperlinks.

    It replaces prompt_toolkit's renderer, which takes a hundred times as long, switches bracketed
    paste off for every line printed above, and does not know clusters. Here a line printed above is
    one write. Nothing changed: not a byte. Bracketed paste and reports of the
    focus stay on until `reset`.

    Terminals differ in the width of some clusters. So after each of these the cursor is set anew:
    what follows stands where it should in any case. Owned by the main thread.
    """

    def __init__(
        self,
        style: BaseStyle,
        output: Output,
        draw: Callable[[int, int], Picture],
        again: Callable[[int], Fragments],
        *,
        takes_links: bool = False,
    ) -> None:
        self._draw = draw
        self._again = again
        self._takes_links = takes_links
        self._depth = output.get_default_color_depth()
        self._attributes: Callable[[str], Attrs] = cache(style.get_attrs_for_style_str)
        self._forget()
        self._is_on = False  # whether the terminal shows our rows, marks pastes and tells of the focus
        self.has_focus = False
        """Whether the terminal has said that it has the focus; others set it. False if that is not known."""
        self._columns = 0  # of the terminal when its rows were drawn
        super().__init__(style, output)

    def _forget(self) -> None:
        """Begin anew at the cursor, at the beginning of an empty row."""
        self._drawn = _EMPTY  # what the terminal shows
        self._y = self._x = 0  # the cursor, counted from the first of our rows

    # --- called by prompt_toolkit ------------------------------------------------------

    def render(self, app: Application[object], layout: Layout, is_done: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002
        """Draw what has changed."""
        if not self._is_on:
            self._is_on = True
            self.output.enable_bracketed_paste()
            self.output.write_raw(_FOCUS_ON)
            self.output.reset_cursor_key_mode()
        self._update()
        self.output.flush()

    def erase(self, leave_alternate_screen: bool = True) -> None:  # noqa: ARG002, FBT001, FBT002
        """Erase our rows; what is printed next begins where they did."""
        self._clear()
        self.output.flush()

    def reset(self, _scroll: bool = False, leave_alternate_screen: bool = True) -> None:  # noqa: ARG002, FBT001, FBT002
        """Give the terminal back, after `erase`."""
        self._forget()
        if self._is_on:
            self._is_on = self.has_focus = False
            self.output.disable_bracketed_paste()
            self.output.write_raw(_FOCUS_OFF)
            self.output.flush()

    def clear(self) -> None:
        """Erase the whole screen."""
        self._clear()
        self.output.erase_screen()
        self.go_to_bottom()

    def request_absolute_cursor_position(self) -> None:
        """Do nothing: our rows are placed relative to the cursor."""

    # --- for the frontend ----------------------------------------------------------------

    def go_to_bottom(self) -> None:
        """Begin in the last row of the terminal, below what stands there.

        A terminal that becomes narrower pushes rows out at its top, as many as it needs anew for long
        ones. What it has pushed out cannot be erased, so ours must be far from there.
        """
        self.output.cursor_goto(self.output.get_size().rows, 1)
        self.output.write_raw("\r\n")
        self.output.flush()

    def print(self, fragments: Fragments) -> None:
        """Print lines above our rows."""
        if self._is_on:
            self._clear()
        self._write(fragments)
        if self._is_on:
            self._update()
        self.output.flush()

    def coloured(self, fragments: Fragments) -> str:
        """Return the same for a program that shows it in this terminal: text and its colours, no more."""
        written = StringIO()
        output = Vt100_Output(written, self.output.get_size)
        for style, text in fragments:
            output.set_attributes(self._attributes(style), self._depth)
            output.write(text)
        output.reset_attributes()
        output.flush()
        return written.getvalue()

    def _write(self, fragments: Fragments) -> None:
        for style, text in fragments:
            look, link = without_link(style) if MARK in style else (style, "")
            self.output.set_attributes(self._attributes(look), self._depth)
            if link and self._takes_links:
                self.output.write_raw(link)
                self.output.write(text)
                self.output.write_raw(END)
            else:
                self.output.write(text.replace("\n", "\r\n"))
        self.output.reset_attributes()

    # --- drawing ---------------------------------------------------------------------------

    def _clear(self) -> None:
        """Erase our rows, and begin anew in the first of them."""
        columns = self.output.get_size().columns
        up = self._y
        if columns < self._columns and _moves_text():
            above = (sum(cell[2] for cell in row) for row in self._drawn.rows[: self._y])
            up = sum(max(1, -(-width // columns)) for width in above) + self._x // columns
        self.output.write_raw("\r")
        self.output.cursor_up(up)
        self.output.erase_down()
        self._forget()

    def _update(self) -> None:
        columns, rows = self.output.get_size().columns, self.output.get_size().rows
        is_resized = columns != self._columns
        if is_resized and self._columns and self._drawn.rows:
            self._clear()
        picture = self._draw(columns, rows)
        if is_resized and self._columns:
            self._print_again(rows, rows - len(picture.rows))
        self._columns = columns
        for y, row in enumerate(picture.rows):
            drawn = self._drawn.rows[y] if y < len(self._drawn.rows) else []
            if row != drawn:
                self._draw_row(y, drawn, row)
        if len(picture.rows) < len(self._drawn.rows):
            self._move(len(picture.rows), 0)
            self.output.erase_down()
        self._move(picture.y, picture.x)
        self._drawn = picture

    def _print_again(self, rows: int, room: int) -> None:
        """Print the last lines anew, so many as have room in the terminal, down to where our rows begin."""
        lines = self._again(room)
        count = sum(text.count("\n") for _, text in lines)
        if count < room:  # what others have printed above moves up, and stays
            self.output.write_raw("\r\n" * rows)
        self.output.cursor_goto(max(1, room - count + 1), 1)
        self.output.erase_down()
        self._write(lines)

    def _draw_row(self, y: int, old: Row, new: Row) -> None:
        """Draw a row from its first cell that has changed."""
        same = 0
        for before, after in zip(old, new, strict=False):
            if before != after:
                break
            same += 1
        self._move(y, sum(cell[2] for cell in new[:same]))
        last_style = None
        for cell in new[same:]:
            if cell[0] != last_style:
                last_style = cell[0]
                self.output.set_attributes(self._attributes(cell[0]), self._depth)
            self._draw_cell(cell)
        self.output.reset_attributes()
        self.output.erase_end_of_line()

    def _draw_cell(self, cell: Cell) -> None:
        _, text, width = cell
        self._x += width
        if len(text) == width == 1:
            self.output.write(text)
            return
        self.output.disable_autowrap()  # it may be wider here than the rest of the row
        self.output.write(text)
        self.output.enable_autowrap()
        self.output.write_raw("\r")
        self.output.cursor_forward(self._x)

    def _move(self, y: int, x: int) -> None:
        """Move the cursor, into a new row too."""
        if y > self._y:
            self.output.write_raw("\r\n" * (y - self._y))
            self._x = 0
        elif y < self._y:
            self.output.cursor_up(self._y - y)
        if x != self._x:
            self.output.write_raw("\r")
            self.output.cursor_forward(x)
        self._y, self._x = y, x
