"""The line below the one being typed: how things stand."""

import time
from typing import Final

from prompt_toolkit.formatted_text import FormattedText

from chat_protocol.address import Address
from chat_protocol.text import one_line
from cli_client.news import Phase, Status
from cli_client.render import Fragments, name_style
from cli_client.words import Words
from cli_client.wrapping import brief

_SHOWN: Final = 5.0  # seconds for which others are shown as writing
_WIDEST: Final = 64  # cells of a name: whatever room we talk to


class Toolbar:
    """What is always on the screen. Not thread-safe: the terminal's thread owns it."""

    def __init__(self, words: Words, address: Address) -> None:
        self._words = words
        self._address = address
        self._writing: dict[str, float] = {}  # others who write -> until when (monotonic) to show it

    def writes(self, name: str) -> None:
        """Show for a while that somebody is writing."""
        self._writing[name] = time.monotonic() + _SHOWN

    def writes_no_more(self, name: str) -> None:
        """Somebody has said it, or is gone."""
        self._writing.pop(name, None)

    def line(self, status: Status) -> FormattedText:
        """Return the line as it is to be now."""
        parts = [self._state(status)]
        if status.throttled:  # first: in a narrow terminal the rest of the line is not seen
            seconds = max(1, round(status.throttled))
            key = "bar_throttled" if status.phase is Phase.ONLINE else "bar_wait"
            parts.insert(0, [("class:wait", self._words(key, seconds=seconds))])
        elif status.unsent:
            parts.append([("class:wait", self._words("bar_unsent", count=len(status.unsent)))])
        if writing := self._who_writes():
            parts.append([("class:aside", writing)])
        out = parts[0]
        for part in parts[1:]:
            out = [*out, ("class:aside", " · "), *part]
        return FormattedText(out)

    def _state(self, status: Status) -> Fragments:
        match status.phase:
            case Phase.ONLINE:
                here = self._words("bar_here", count=len(status.members))
                role = f" · {self._words('bar_moderator')}" if status.moderator else ""
                name = brief(one_line(status.name), _WIDEST)
                return [("class:good", "● "), (name_style(name), name), ("class:aside", f"{role} · {here}")]
            case Phase.WAITING:
                reason = self._words.why(status.why, self._address)
                seconds = max(1, round(status.retry_in))
                return [
                    ("class:alarm", "● "),
                    ("", self._words("bar_waiting", reason=reason, seconds=seconds)),
                ]
            case Phase.NAMELESS | Phase.LOCKED:
                return [("class:aside", f"○ {self._address}")]
        return [("class:wait", "● "), ("", self._words("bar_connecting", address=self._address))]

    def _who_writes(self) -> str:
        now = time.monotonic()
        self._writing = {name: until for name, until in self._writing.items() if until > now}
        names = [brief(one_line(name), _WIDEST) for name in self._writing]
        if len(names) > 2:
            return self._words("bar_many_typing")
        both = self._words("and").join(names)
        return self._words.count("bar_typing", len(names), names=both) if names else ""
