"""Finds a text in what this client has shown: messages as they are now, and its own answers and errors."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from chat_client.chat import Chat
from chat_client.transcript import MAX_KEPT
from chat_protocol.messages import Message
from chat_protocol.text import one_line
from cli_client.folding import fold, mark
from cli_client.ignored import Ignored
from cli_client.layout import Fragments
from cli_client.render import Renderer
from cli_client.translations import Translations

_MOST_SHOWN: Final = 20


class Match(NamedTuple):
    """A message that was found, None for a line of the client, and what is shown of it, in one line.

    `head` is what stands before the text of a message: who says it; empty if nobody does.
    """

    message: Message | None
    head: str
    text: str


class Finder:
    """Finds texts in the newest 2,000 messages that the client has, and in `OwnLines`.

    Messages that are deleted, or of ignored people, are not found. Owned by the main thread.
    """

    def __init__(self, chat: Chat, ignored: Ignored, renderer: Renderer, texts: Translations) -> None:
        self._texts = texts
        self._chat = chat
        self._ignored = ignored
        self._renderer = renderer
        self._folded: dict[int, tuple[Message, Match, str]] = {}  # of messages as they were last, by number

    def find(self, wanted: str) -> list[Match]:
        """Return what has a folded text in it, the oldest first; nothing if that is empty."""
        if not wanted:
            return []
        found = [
            *((match.message.id, False, match) for match in self._messages(wanted) if match.message),
            *(
                (after, True, Match(None, "", text))
                for after, text in self._renderer.own_lines
                if wanted in fold(text)
            ),
        ]
        return [match for *_, match in sorted(found, key=lambda item: item[:2])]

    def lines(self, typed: str, matches: Sequence[Match]) -> Fragments:
        """Return the newest of the matches of a text, at most 20, as they were shown, with it marked."""
        wanted = fold(typed)
        out = self._renderer.title(self._texts("find_title", text=one_line(typed), count=len(matches)))
        for match in matches[-_MOST_SHOWN:]:
            out += mark(self._shown(match), wanted)
        return out + self._renderer.line("found_more" if len(matches) > _MOST_SHOWN else "history_end")

    def _shown(self, match: Match) -> Fragments:
        if match.message:
            return self._renderer.message(match.message)
        return self._renderer.wrapped("", match.text)

    def _messages(self, wanted: str) -> Iterator[Match]:
        known, self._folded = self._folded, {}
        for message in self._chat.newest(MAX_KEPT):
            if message.deleted or self._ignored.hides(message):
                continue
            kept = known.get(message.id)
            if kept is None or kept[0] is not message:
                head, text = self._renderer.plain(message)
                kept = (message, Match(message, head, text), fold(head + text))
            self._folded[message.id] = kept
            if wanted in kept[2]:
                yield kept[1]
