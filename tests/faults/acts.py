"""Acts on messages while faults happen: what was acknowledged, and what must then be shown.

What moderators decide beside that is checked by `decisions`.

An edited text keeps the word by which it is recognised, in another form, which text clients do not count.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from chat_protocol.messages import Delete, Edit, Message, Moderate, React

EMOJIS = ("👍", "🎉")
_EDITED = re.compile(r"\{(\S+)\|\d+\}")


class Acted(NamedTuple):
    """An acknowledged act, and the number it has: of what a moderator does, that of the notice."""

    writer: str
    number: int
    act: Edit | Delete | React | Moderate


def edited(text: str, count: int) -> str:
    """Return a text that was edited so often."""
    word, rest = original(text).split(maxsplit=1)
    return f"{{{word[1:-1]}|{count}}} {rest}"


def original(text: str) -> str:
    """Return a text as it was before it was edited."""
    return _EDITED.sub(r"<\1>", text, count=1)


def first_text(message: Message) -> str:
    """Return the text that a message began with; of a notice what its moderator has said with it."""
    return original(message.text if message.notice is None else message.notice.text)


def can_be_acted_on(message: Message) -> bool:
    """Return whether one can react to a message, and answer it."""
    return not message.deleted and (message.notice is None or message.notice.act == "announce")


def check_acts(
    acts: Sequence[Acted],
    log: Mapping[int, Message],
    shown: Mapping[str, Mapping[int, Message]],
    uncertain: Container[int] = (),
) -> list[str]:
    """Return what is wrong in a finished history, as sentences.

    `log` is what somebody who joins now has, `shown` what each participant has. On the messages with
    `uncertain` numbers there were acts that may still be answered.
    """
    certain = {number: message for number, message in log.items() if number not in uncertain}
    return [*_numbered_twice(acts, log), *_lost(acts, certain), *_different(log, shown)]


def _numbered_twice(acts: Iterable[Acted], log: Mapping[int, Message]) -> Iterator[str]:
    known = set(log)
    for acted in acts:
        if isinstance(acted.act, Moderate):
            known.discard(acted.number)  # of the notice
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
            case Delete() | Moderate(act="delete"):
                self.text, self.is_deleted = None, True
                self._reacted.clear()

    @property
    def reactions(self) -> dict[str, int]:
        return dict(Counter(emoji for (emoji, _), on in self._reacted.items() if on))


def _lost(acts: Iterable[Acted], log: Mapping[int, Message]) -> Iterator[str]:
    expected: dict[int, _Expected] = defaultdict(_Expected)
    for acted in sorted(acts, key=lambda one: one.number):
        if acted.act.id is not None:
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
            elif message != log[id_] and _state(message) != _state(log[id_]):
                yield f"{name} has {message}, but the log {log[id_]}"


def _state(message: Message) -> tuple[Any, ...]:
    """Return what all see alike."""
    reactions = [(one.emoji, one.count, [*one.names]) for one in message.reactions]
    return message.at, message.name, message.text, message.deleted, message.edited, reactions
