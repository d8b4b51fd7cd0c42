"""The lines below the input line: a notice, if there is one, and the status."""

import time
from collections.abc import Callable
from typing import Final

from chat_client.events import Phase, Status
from chat_protocol.address import Address
from chat_protocol.text import one_line
from cli_client.layout import Fragments
from cli_client.name_colours import NameColours
from cli_client.translations import Translations
from cli_client.wrapping import cell_width, clip, wrap

_TYPING_SECONDS: Final = 5.0  # for which others are shown as typing
_NAME_WIDTH: Final = 64  # cells of a name, whatever the room sends
_COUNTDOWN: Final = 0.5  # seconds between two looks at a wait that is counted down


class Toolbar:
    """Builds the lines and tracks who is typing. Owned by the main thread.

    `notice` says what Enter has refused, or what a key would do if it were pressed again.
    """

    def __init__(self, texts: Translations, address: Address, colours: NameColours) -> None:
        self._texts = texts
        self._address = address
        self._colours = colours
        self.notice = ""
        self.news: Callable[[], Fragments] = list
        """Returns what has come since the last key."""
        self._typing: dict[str, float] = {}  # name -> until when (monotonic) it is shown

    def set_typing(self, name: str) -> None:
        """Show a member as typing for some seconds."""
        self._typing[name] = time.monotonic() + _TYPING_SECONDS

    def clear_typing(self, name: str) -> None:
        """Stop showing a member as typing."""
        self._typing.pop(name, None)

    def changes_in(self, status: Status) -> float | None:
        """Return the seconds until the lines change by themselves; None if they do not."""
        if status.throttled or status.phase is Phase.WAITING:
            return _COUNTDOWN
        return max(0.0, min(self._typing.values()) - time.monotonic()) if self._typing else None

    def lines(self, status: Status, columns: int) -> list[Fragments]:
        """Return the lines, those of the notice at most `columns` wide."""
        notice = wrap(self.notice, columns) if self.notice else []
        line = self._status(status)
        if sum(cell_width(text) for _, text in line) > columns:
            line = self._status(status, has_count=False)
        return [*([("class:warning", line)] for line in notice), line]

    def _status(self, status: Status, *, has_count: bool = True) -> Fragments:
        """Return the status; how many are here is left out where the line would be too long."""
        parts = [self._state(status)]
        if status.phase is Phase.ONLINE and has_count:
            parts.append([("class:dim", self._texts("bar_here", count=status.count))])
        if status.throttled:  # first: a narrow terminal does not show the end of the line
            seconds = max(1, round(status.throttled))
            key = "bar_throttled" if status.phase is Phase.ONLINE else "bar_wait"
            parts.insert(0, [("class:warning", self._texts(key, seconds=seconds))])
        elif status.unsent:
            parts.append([("class:warning", self._texts("bar_unsent", count=len(status.unsent)))])
        if news := self.news():
            parts.append(news)
        if typing := self._who_is_typing():
            parts.append([("class:dim", typing)])
        out = parts[0]
        for part in parts[1:]:
            out = [*out, ("class:dim", " · "), *part]
        return out

    def _state(self, status: Status) -> Fragments:
        match status.phase:
            case Phase.ONLINE:
                role = f" · {self._texts('bar_moderator')}" if status.moderator else ""
                if any(person.away for person in status.marked if person.name == status.name):
                    role += f" · {self._texts('bar_away')}"
                name = clip(one_line(status.name), _NAME_WIDTH)
                return [("class:ok", "● "), (self._colours.style(name), name), ("class:dim", role)]
            case Phase.WAITING:
                reason = self._texts.lost(status.reason, self._address)
                text = self._texts("bar_waiting", reason=reason, seconds=max(1, round(status.retry_in)))
                return [("class:error", "● "), ("", text)]
            case Phase.NAME_NEEDED | Phase.PASSWORD_NEEDED:
                return [("class:dim", f"○ {self._address}")]
        return [("class:warning", "● "), ("", self._texts("bar_connecting", address=self._address))]

    def _who_is_typing(self) -> str:
        now = time.monotonic()
        self._typing = {name: until for name, until in self._typing.items() if until > now}
        names = [clip(one_line(name), _NAME_WIDTH) for name in self._typing]
        if len(names) > 2:
            return self._texts("bar_many_typing")
        joined = self._texts("and").join(names)
        return self._texts.plural("bar_typing", len(names), names=joined) if names else ""
