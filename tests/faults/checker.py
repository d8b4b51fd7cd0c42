"""Checks a recorded history against what the room promises, in Jepsen's terms.

Every text begins with a word of its own, by which it is recognised in every dialect.
"""

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple


@dataclass
class Sent:
    """A writer's texts: all that it said, those acknowledged with their numbers, those refused.

    Those that are `open` may not be answered any more, or not yet: they were said once or never. Not
    `in_order`: one that was refused, which was not heard, may be said after those that came behind it.
    """

    said: list[str] = field(default_factory=list)
    acked: dict[str, int] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    open: set[str] = field(default_factory=set)
    in_order: bool = True


@dataclass
class Seen:
    """The messages that a participant saw, with numbers, in runs; within a run they are in order of arrival.

    A `complete` participant was there from beginning to end and must have seen everything.
    """

    name: str
    runs: list[list[tuple[int, str]]] = field(default_factory=list)
    complete: bool = True


@dataclass
class TextSeen:
    """What a text client saw: first words, in runs. It gets no numbers and may come and go."""

    name: str
    runs: list[list[str]] = field(default_factory=list)


class Verdict(NamedTuple):
    """The violations found, as sentences. The history is valid if every list is empty."""

    lost: list[str]
    """Acknowledged or seen by somebody, but not by a participant that should have seen it."""
    duplicated: list[str]
    """One text under two numbers, or shown twice to one reader."""
    unexpected: list[str]
    """Shown although nobody said it, or although its writer was told that it was refused."""
    reordered: list[str]
    """A number that is not greater than the one before, or that has different texts for two readers."""
    unanswered: list[str]
    """Neither acknowledged nor refused."""

    @property
    def valid(self) -> bool:
        """Whether there are no violations."""
        return not any(self)


def check(
    writers: Sequence[Sent],
    readers: Sequence[Seen],
    text_clients: Sequence[TextSeen] = (),
    deleted: Container[int] = (),
) -> Verdict:
    """Check a finished history: no participant may still be about to receive something.

    The messages with `deleted` numbers need not have been seen.
    """
    readers = [_without(reader, deleted) for reader in readers]
    numbers = _numbers(writers, readers)
    return Verdict(
        lost=list(_lost(writers, readers, deleted)),
        duplicated=[*_stored_twice(numbers), *_shown_twice(readers, text_clients)],
        unexpected=list(_unexpected(writers, readers, text_clients)),
        reordered=list(_reordered(writers, readers, text_clients, numbers)),
        unanswered=[
            text
            for writer in writers
            for text in writer.said
            if text not in writer.acked and text not in writer.refused and text not in writer.open
        ],
    )


def _without(reader: Seen, deleted: Container[int]) -> Seen:
    runs = [[(number, text) for number, text in run if number not in deleted] for run in reader.runs]
    return Seen(reader.name, runs, reader.complete)


def _numbers(writers: Iterable[Sent], readers: Iterable[Seen]) -> dict[str, set[int]]:
    """Return the numbers under which each text is known."""
    numbers: dict[str, set[int]] = defaultdict(set)
    for writer in writers:
        for text, number in writer.acked.items():
            numbers[text].add(number)
    for reader in readers:
        for run in reader.runs:
            for number, text in run:
                numbers[text].add(number)
    return numbers


def _lost(writers: Iterable[Sent], readers: Sequence[Seen], deleted: Container[int]) -> Iterator[str]:
    acked = [pair for writer in writers for pair in writer.acked.items()]
    expected = {(number, text) for text, number in acked if number not in deleted}
    shown = {reader.name: {pair for run in reader.runs for pair in run} for reader in readers}
    expected.update(*shown.values())
    for reader in readers:
        if reader.complete:
            for number, text in sorted(expected - shown[reader.name]):
                yield f"{reader.name} never saw #{number} {_short(text)}"


def _stored_twice(numbers: dict[str, set[int]]) -> Iterator[str]:
    for text, known in numbers.items():
        if len(known) > 1:
            yield f"{_short(text)} is {sorted(known)}"


def _shown_twice(readers: Iterable[Seen], text_clients: Iterable[TextSeen]) -> Iterator[str]:
    for reader in readers:
        yield from _repeated(reader.name, [f"#{number}" for run in reader.runs for number, _ in run])
    for text_client in text_clients:
        yield from _repeated(text_client.name, [word for run in text_client.runs for word in run])


def _repeated(name: str, things: Iterable[str]) -> Iterator[str]:
    before = set()
    for thing in things:
        if thing in before:
            yield f"{name} was shown {thing} again"
        before.add(thing)


def _unexpected(
    writers: Iterable[Sent], readers: Iterable[Seen], text_clients: Iterable[TextSeen]
) -> Iterator[str]:
    refused = {text for writer in writers for text in writer.refused}
    good = {text for writer in writers for text in writer.said} - refused
    good_words = {_word(text) for text in good}
    for reader in readers:
        for number, text in sorted({pair for run in reader.runs for pair in run}):
            if text not in good:
                yield f"{reader.name} saw #{number} {_short(text)}" + ", refused" * (text in refused)
    for text_client in text_clients:
        for word in {word for run in text_client.runs for word in run} - good_words:
            yield f"{text_client.name} saw {word}"


def _reordered(
    writers: Iterable[Sent],
    readers: Iterable[Seen],
    text_clients: Iterable[TextSeen],
    numbers: dict[str, set[int]],
) -> Iterator[str]:
    texts: dict[int, set[str]] = defaultdict(set)
    for text, known in numbers.items():
        for number in known:
            texts[number].add(text)
    for number, different in texts.items():
        if len(different) > 1:
            yield f"#{number} is {' and '.join(sorted(map(_short, different)))}"
    for reader in readers:
        for run in reader.runs:
            yield from _out_of_order(f"{reader.name} saw", [number for number, _ in run])
    for writer in writers:
        own = [writer.acked[text] for text in writer.said if text in writer.acked and writer.in_order]
        yield from _out_of_order("a writer's own are", own)
    by_word = {_word(text): min(known) for text, known in numbers.items()}
    for text_client in text_clients:
        for words in text_client.runs:
            yield from _out_of_order(
                f"{text_client.name} saw", [by_word[word] for word in words if word in by_word]
            )


def _out_of_order(whose: str, numbers: Iterable[int]) -> Iterator[str]:
    for earlier, later in pairwise(numbers):
        if later < earlier:
            yield f"{whose} #{later} after #{earlier}"


def _word(text: str) -> str:
    return text.split(maxsplit=1)[0] if text.strip() else ""


def _short(text: str) -> str:
    return repr(text if len(text) < 40 else text[:37] + "...")
