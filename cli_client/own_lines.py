"""The answers and errors that the client has shown, to be found again."""

from collections import deque
from collections.abc import Iterator
from typing import Final

from chat_client.events import Entered
from cli_client.layout import Fragments

_MOST: Final = 200
_OWN: Final = ("class:answer", "class:error")


class OwnLines:
    """The newest answers and errors that the client has shown, at most 200. Owned by the main thread."""

    def __init__(self) -> None:
        self.after = 0
        """The number of the newest message that was shown."""
        self._kept: deque[tuple[int, str]] = deque(maxlen=_MOST)

    def note(self, shown: Fragments) -> None:
        """Keep the answer or the error that lines have, if they have one."""
        for number, (style, _) in enumerate(shown):
            if style in _OWN:
                text = "".join(text for _, text in shown[number:])
                self._kept.append((self.after, " ".join(text.split())))
                return

    def enter(self, event: Entered) -> None:
        """Take note of the messages that we were sent on coming in."""
        if event.new_log:
            self._kept = deque(((0, text) for _, text in self._kept), _MOST)
        if event.new_log or event.messages:
            self.after = event.messages[-1].id if event.messages else 0

    def __iter__(self) -> Iterator[tuple[int, str]]:
        """Yield the lines, the oldest one first, each behind the number of the message that it follows."""
        return iter(self._kept)
