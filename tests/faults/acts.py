"""Acts on messages while faults happen: what was acknowledged, and what must then be shown.

An edited text keeps the word by which it is recognised, in another form, which text clients do not count.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from chat_protocol.messages import Delete, Edit, Message, React

EMOJIS = ("👍", "🎉")
_EDITED = re.compile(r"\{(\S+)\|\d+\}")


class Acted(NamedTuple):
    """An acknowledged act of a writer, and the number it has."""

    writer: str
    number: int
    act: Edit | Delete | React


def edited(text: str, count: int) -> str:
    """Return a text that was edited so often."""
    word, rest = original(text).split(maxsplit=1)
    return f"{{{word[1:-1]}|{count}}} {rest}"


def original(text: str) -> str:
    """Return a text as it was before it was edited."""
    return _EDITED.sub(r"<\1>", text, count=1)


def check_acts(
    acts: Sequence[Acted], log: Mapping[int, Message], shown: Mapping[str, Mapping[int, Message]]
) -> list[str]:
    """Return what is wrong in a finished history, as sentences.

    `log` is what somebody who joins now has, `shown` what each participant has.
    """
    return [*_numbered_twice(acts, log), *_lost(acts, log), *_different(log, shown)]


def _numbered_twice(acts: Iterable[Acted], log: Mapping[int, Message]) -> Iterator[str]:
    known = set(log)
    for acted in acts:
        if acted.number in known:
            yield f"#{acted.number} is of something else than {acted.act}"
        known.add(acted.number)


class _Expected:
    """What acknowledged acts have made of a message."""

    def __init__(self) -> None:
        self.text: str | None = None  # not edited
        self.is_deleted = False
        self._reacted: dict[tuple[str, str], bool] = {}  # by emoji and writer

    def apply(self, acted: Acted) -> None:
        match acted.act:
            case Edit(text=text):
                self.text = text
            case React(emoji=emoji, on=on):
                self._reacted[emoji, acted.writer] = on
            case Delete():
                self.text, self.is_deleted = None, True
                self._reacted.clear()

    @property
    def reactions(self) -> dict[str, int]:
        return dict(Counter(emoji for (emoji, _), on in self._reacted.items() if on))


def _lost(acts: Iterable[Acted], log: Mapping[int, Message]) -> Iterator[str]:
    expected: dict[int, _Expected] = defaultdict(_Expected)
    for acted in sorted(acts, key=lambda one: one.number):
        expected[acted.act.id].apply(acted)
    for id_, message in log.items():
        one = expected[id_]
        if message.deleted != one.is_deleted:
            yield f"#{id_} {'is' if message.deleted else 'should be'} deleted"
            continue
        if one.text is not None and one.text != message.text:
            yield f"#{id_} was last edited to {one.text[:40]!r}, but is {message.text[:40]!r}"
        found = {reaction.emoji: reaction.count for reaction in message.reactions}
        if found != one.reactions:
            yield f"#{id_} has the reactions {found}, but should have {one.reactions}"


def _different(log: Mapping[int, Message], shown: Mapping[str, Mapping[int, Message]]) -> Iterator[str]:
    for name, messages in shown.items():
        for id_, message in messages.items():
            if id_ not in log:
                yield f"{name} has #{id_}, which is not in the log"
            elif _state(message) != _state(log[id_]):
                yield f"{name} has {message}, but the log {log[id_]}"


def _state(message: Message) -> tuple[Any, ...]:
    """Return what all see alike."""
    reactions = [(one.emoji, one.count, [*one.names]) for one in message.reactions]
    return message.at, message.name, message.text, message.deleted, message.edited, reactions
