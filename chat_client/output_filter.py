"""Turns what a program writes to its terminal into final lines, and a tail that can still change.

Pure: no thread, no clock, no file. Lines without cursor movement, nearly all, are only cleaned. One that
overwrites itself is drawn on a screen of one row. When a program moves its cursor up, as it does to draw
several progress bars, it has a screen with the newest lines in it, until it writes on as usual.
"""

import codecs
import re
from collections import deque
from typing import TYPE_CHECKING, Final

from chat_protocol.live import MAX_OUTPUT, MAX_TAIL_LINES
from chat_protocol.sgr import Style, clean_output, spans

if TYPE_CHECKING:  # pyte takes long to load, and most need none
    from chat_client.output_screen import OutputScreen

MAX_LINE: Final = 2000
"""Longest line in characters; a longer one is cut into several, so that one without an end is no harm."""

_ROW: Final = 1000
"""Columns of a line that overwrites itself."""

_MAX_RAW: Final = 4 * 1024
"""Longest line, with what overwrites it, that is not drawn yet, in characters."""

_IS_LINES: Final = 64
"""Lines in a row without a movement up, after which a screen is left."""

_CONTROL: Final = re.compile(r"[\x08\x0b\x0c]|\r(?!\n)|\x1b(?!\[[0-9;]*m)")
"""What makes a line more than its text and its colours."""

_UP: Final = re.compile(r"\x1b(?:\[[0-9;]*[ABEFHLMSTdf]|\[\d+;\d*r|\[[123]J|M|c|\[\?(?:47|1047|1049)h)")
"""What may change another line than the one with the cursor."""

_FULL_SCREEN: Final = re.compile(r"\x1b\[\?(?:47|1047|1049)([hl])")
"""A program begins to use all of the screen (h), of which nothing is left when it has ended (l)."""

_ERASED: Final = re.compile(
    r"(?s).*(?:\r\x1b\[0?[KJ]|\r\x1b\[2K|\x1b\[2K\r|\x1b\[2K\x1b\[1?G|\x1b\[1?G\x1b\[0?K)"
)
"""A line up to where all of it was erased."""

_ERASE_TO_END: Final = re.compile(r"\x1b\[0?[KJ]")
_CUT: Final = re.compile(r"\x1b[^A-Za-z\\\x07]{0,64}$")
"""A sequence that is not complete yet."""


class OutputFilter:
    """The output of one program, whose terminal has so many columns and rows. Not thread-safe.

    `feed` and `tick` return final lines, each with its LF and beginning without colours. Lines are final
    once there are 50 newer ones, or at the second `tick` after them: until then a program may change them.
    """

    def __init__(self, columns: int = 200, rows: int = MAX_TAIL_LINES) -> None:
        self.resize(columns, rows)
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._final: list[str] = []  # to be returned, with their LF
        self._held: deque[str] = deque()  # the newest lines, which are not final
        self._settled = 0  # how many of them were there at the last tick
        self._look = ""  # the colours that the current line begins with
        self._rest = ""  # the current line as it was written
        self._sequence = ""  # a control sequence that is not complete yet
        self._screen: OutputScreen | None = None
        self._is_full = False  # the program uses all of the screen
        self._lines_since_up = 0
        self._has_moved = False  # up, since the last tick

    def resize(self, columns: int, rows: int) -> None:
        """Take over the size of the terminal, for the next screen."""
        self._columns = max(2, min(columns, 500))
        self._rows = max(2, min(rows, MAX_TAIL_LINES))

    def feed(self, data: bytes) -> str:
        """Return the lines that have become final by what the program has written."""
        text = self._sequence + self._decode(data)
        cut = _CUT.search(text, len(text) - 66) if "\x1b" in text[-66:] else None
        self._sequence = cut[0] if cut else ""
        self._feed(text.removesuffix(self._sequence))
        return self._take()

    def tick(self) -> str:
        """Return the lines that have become final as the program has left them alone since the last tick."""
        if self._screen and not (self._has_moved or self._is_full):
            self._leave_screen()
        self._has_moved = False
        self._finish_held(self._settled)
        self._settled = len(self._held)
        return self._take()

    def finish(self) -> str:
        """Return the rest at the end of the output."""
        self._feed(self._decode(b"", True))
        self._sequence = ""
        if self._screen:
            if not self._is_full:
                self._hold(self._screen.scrolled + self._screen.rows())
            self._screen = None
        elif self._rest:
            self._hold([self._drawn(self._rest)])
        self._rest = ""
        while self._held and not self._held[-1]:
            self._held.pop()
        self._finish_held(len(self._held))
        return self._take()

    def skip(self) -> str:
        """Forget the current line and all colours, as some output is left out; return the lines before it."""
        self._rest = ""
        out = self.finish()
        self._look, self._is_full = "", False
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        return out

    def tail(self) -> str:
        """Return the lines that are not final, and the incomplete one: at most 50, and 16 KiB of UTF-8."""
        lines = list(self._held)
        if self._screen:
            lines += self._screen.rows()
        elif self._rest:
            lines.append(self._drawn(self._rest))
        lines = lines[-MAX_TAIL_LINES:]
        size = sum(len(line.encode()) + 1 for line in lines)
        while size > MAX_OUTPUT:
            size -= len(lines.pop(0).encode()) + 1
        return "\n".join(lines)

    def _take(self) -> str:
        taken, self._final = "".join(self._final), []
        return taken

    # --- lines -------------------------------------------------------------------------

    def _feed(self, text: str) -> None:
        while text:
            text = self._on_screen(text) if self._screen else self._in_lines(text)

    def _in_lines(self, text: str) -> str:
        """Take lines until one needs a screen; return what is left for it."""
        text = self._rest + text
        self._rest = ""
        if up := _UP.search(text):
            before = text.rfind("\n", 0, up.start()) + 1
            self._lines(text[:before])
            self._enter_screen()
            return text[before:]
        end = text.rfind("\n") + 1
        self._lines(text[:end])
        self._rest = self._shortened(text[end:])
        return ""

    def _lines(self, block: str) -> None:
        """Take complete lines."""
        if not block:
            return
        if not (self._look or "\x1b" in block or _CONTROL.search(block)):  # nearly always of a flood
            lines = clean_output(block).split("\n")[:-1]
            self._hold(lines if max(map(len, lines)) <= MAX_LINE else [p for one in lines for p in _cut(one)])
            return
        for line in block.split("\n")[:-1]:
            drawn = self._drawn(line.removesuffix("\r"))
            self._hold(_cut(drawn))
            self._look = _look_after(drawn)

    def _hold(self, lines: list[str]) -> None:
        """Add lines, and let the oldest ones become final."""
        self._held += lines
        self._finish_held(len(self._held) - (MAX_TAIL_LINES - 1))

    def _finish_held(self, count: int) -> None:
        """Let so many of the oldest lines become final."""
        if count > 0:
            self._final += [f"{self._held.popleft()}\n" for _ in range(count)]
            self._settled = max(0, self._settled - count)

    def _drawn(self, line: str) -> str:
        """Return a line as it looks in the end, with its colours."""
        if _CONTROL.search(line):
            line = self._after_erased(line)
        elif not self._look:
            return clean_output(line)
        if _CONTROL.search(line):
            line = _on_one_row(self._look + line)[0]
            return clean_output(line)
        return clean_output(self._look + line)

    def _after_erased(self, line: str) -> str:
        """Return a line without what was erased, if nothing else was done in it."""
        if found := _ERASED.match(line):
            look = _look_after(clean_output(self._look + found[0]))
            line = look + line[found.end() :]
        without = _ERASE_TO_END.sub("", line)
        return line if _CONTROL.search(without) else without  # at the end of a line it erases nothing

    def _shortened(self, line: str) -> str:
        """Return an incomplete line that looks as this one and is not too long."""
        if len(line) <= _MAX_RAW:
            return line
        if _CONTROL.search(line):
            line = self._after_erased(line)
            if len(line) <= _MAX_RAW // 2:
                return line
            drawn, column = _on_one_row(self._look + line)
            return f"{drawn}\x1b[{column + 1}G"
        *lines, last = _cut(self._drawn(line))
        self._hold(lines)
        self._look = _look_after(last)
        return last

    # --- the screen --------------------------------------------------------------------

    def _enter_screen(self) -> None:
        from chat_client.output_screen import OutputScreen  # noqa: PLC0415 - see above

        self._screen = OutputScreen(self._columns, self._rows)
        self._screen.feed("".join(f"{line}\x1b[0m\n" for line in self._held) + self._look)
        self._held.clear()
        self._settled, self._look = 0, ""
        self._take_scrolled(self._screen)
        self._lines_since_up = 0

    def _on_screen(self, text: str) -> str:
        """Draw a text until the program writes lines as usual; return what is left then."""
        screen = self._screen
        assert screen
        found = _FULL_SCREEN.search(text)
        position, stop = 0, found.start() if found else len(text)
        while position < stop:
            end = text.find("\n", position, stop) + 1 or stop
            self._draw(screen, text[position:end])
            position = end
            if self._lines_since_up > _IS_LINES and not self._is_full:
                self._leave_screen()
                if self._screen is None:
                    return text[position:]
        if found is None:
            return ""
        self._turn_full(begins=found[1] == "h")
        return text[found.end() :]

    def _draw(self, screen: "OutputScreen", line: str) -> None:
        screen.feed(line)
        if _UP.search(line):
            self._has_moved, self._lines_since_up = True, 0
        else:
            self._lines_since_up += line.endswith("\n")
        if self._is_full:
            screen.scrolled.clear()
        else:
            self._take_scrolled(screen)

    def _take_scrolled(self, screen: "OutputScreen") -> None:
        self._final += [f"{clean_output(row)}\n" for row in screen.scrolled]
        screen.scrolled.clear()

    def _turn_full(self, *, begins: bool) -> None:
        """Begin a screen of which nothing is left, or go back to the lines."""
        from chat_client.output_screen import OutputScreen  # noqa: PLC0415 - see above

        if begins and not self._is_full:
            self._leave_screen(is_certain=True)
            self._screen, self._is_full = OutputScreen(self._columns, self._rows), True
        elif not begins and self._is_full:
            self._screen, self._is_full = None, False

    def _leave_screen(self, *, is_certain: bool = False) -> None:
        """Go on with lines, if the cursor is on the last one."""
        screen = self._screen
        if screen is None or not (is_certain or screen.is_empty_below()):
            return
        rows = screen.rows()
        if is_certain:
            self._hold(rows)
            while self._held and not self._held[-1]:
                self._held.pop()
        else:
            *above, last = rows
            self._hold(above)
            self._rest = f"{last}\x1b[{screen.cursor.x + 1}G" if last or screen.cursor.x else ""
        self._screen = None


def _on_one_row(line: str) -> tuple[str, int]:
    """Return a line that overwrites itself as it looks, and the column of the cursor."""
    from chat_client.output_screen import OutputScreen  # noqa: PLC0415 - see above

    screen = OutputScreen(_ROW, 1)
    screen.feed(line.replace("\x0b", "").replace("\x0c", ""))
    return screen.row(0), screen.cursor.x


def _cut(line: str) -> list[str]:
    """Return a cleaned line as lines that are not too long."""
    if len(line) <= MAX_LINE:
        return [line]
    pieces = []
    while len(line) > MAX_LINE:
        end = MAX_LINE
        escape = line.rfind("\x1b", end - 70, end)
        if escape > 0 and "m" not in line[escape:end]:
            end = escape
        pieces.append(line[:end])
        line = _look_after(pieces[-1]) + line[end:]
    return [*pieces, line]


def _look_after(line: str) -> str:
    """Return the sequence that sets the colours that a cleaned line ends with; empty for none."""
    start = line.rfind("\x1b[")
    if start < 0 or line.startswith("\x1b[0m", start):
        return ""
    return _sequence(spans(f"{line}x")[-1][1])


def _sequence(style: Style) -> str:
    on = (
        (style.bold, "1"),
        (style.dim, "2"),
        (style.italic, "3"),
        (style.underline, "4"),
        (style.blink, "5"),
        (style.inverse, "7"),
        (style.hidden, "8"),
        (style.strike, "9"),
    )
    parts = [number for is_on, number in on if is_on]
    for colour, kind in ((style.foreground, 38), (style.background, 48)):
        if isinstance(colour, tuple):
            parts.append(f"{kind};2;{';'.join(map(str, colour))}")
        elif colour is not None:
            parts.append(str(kind - 8 + colour) if colour < 8 else f"{kind};5;{colour}")
    return f"\x1b[{';'.join(parts)}m" if parts else ""
