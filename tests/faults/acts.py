"""Acts on messages while faults happen: what was acknowledged, and what must then be shown.

An edited text keeps the word by which it is recognised, in another form, which text clients do not count.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from chat_protocol.messages import Edit, Message, React

EMOJIS = ("👍", "🎉")
_EDITED = re.compile(r"\{(\S+)\|\d+\}")


class Acted(NamedTuple):
    """An acknowledged act of a writer, and the number it has."""

    writer: str
    number: int
    act: Edit | React


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


def _lost(acts: Iterable[Acted], log: Mapping[int, Message]) -> Iterator[str]:
    texts: dict[int, str] = {}
    reactions: dict[int, dict[tuple[str, str], bool]] = defaultdict(dict)
    for acted in sorted(acts, key=lambda one: one.number):
        match acted.act:
            case Edit(id=id_, text=text):
                texts[id_] = text
            case React(id=id_, emoji=emoji, on=on):
                reactions[id_][emoji, acted.writer] = on
    for id_, text in texts.items():
        if log[id_].text != text:
            yield f"#{id_} was last edited to {text[:40]!r}, but is {log[id_].text[:40]!r}"
    for id_, message in log.items():
        expected = {emoji: 0 for (emoji, _), on in reactions[id_].items() if on}
        for (emoji, _), on in reactions[id_].items():
            if on:
                expected[emoji] += 1
        found = {reaction.emoji: reaction.count for reaction in message.reactions}
        if found != expected:
            yield f"#{id_} has the reactions {found}, but should have {expected}"


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
