"""Holds what happened against what was promised, in Jepsen's words.

Every text that is said begins with a word of its own, so that it can be known again
wherever it turns up.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple


@dataclass
class Sent:
    """What a writer knows of its own texts."""

    said: list[str] = field(default_factory=list)
    acked: dict[str, int] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)


@dataclass
class Seen:
    """What one was shown, with numbers, in runs: in each of them the order of arrival counts.

    Who is `whole` was there from the beginning to the end and has to have seen everything.
    """

    name: str
    runs: list[list[tuple[int, str]]] = field(default_factory=list)
    whole: bool = True


@dataclass
class Overheard:
    """What one heard that is told no numbers and may come and go: first words, in runs."""

    name: str
    runs: list[list[str]] = field(default_factory=list)


class Verdict(NamedTuple):
    """What went wrong, in words. All is well if every list is empty."""

    lost: list[str]
    """Acknowledged, or seen by somebody, and not seen by one who should have."""
    duplicated: list[str]
    """One text under two numbers, or shown twice to one reader."""
    unexpected: list[str]
    """Shown though nobody said it, or though its writer was told that it was not kept."""
    reordered: list[str]
    """A number that does not grow, or that is not the same text to everybody."""
    unsettled: list[str]
    """Said, and never answered."""

    @property
    def valid(self) -> bool:
        """Whether everything promised was kept."""
        return not any(self)


def check(writers: Sequence[Sent], readers: Sequence[Seen], bystanders: Sequence[Overheard] = ()) -> Verdict:
    """Judge a history that has come to rest: nobody is still to receive anything."""
    numbers = _numbers(writers, readers)
    return Verdict(
        lost=list(_lost(writers, readers)),
        duplicated=[*_twice_kept(numbers), *_twice_shown(readers, bystanders)],
        unexpected=list(_unexpected(writers, readers, bystanders)),
        reordered=list(_reordered(writers, readers, bystanders, numbers)),
        unsettled=[
            text
            for writer in writers
            for text in writer.said
            if text not in writer.acked and text not in writer.refused
        ],
    )


def _numbers(writers: Iterable[Sent], readers: Iterable[Seen]) -> dict[str, set[int]]:
    """Return under which numbers each text is known."""
    numbers: dict[str, set[int]] = defaultdict(set)
    for writer in writers:
        for text, number in writer.acked.items():
            numbers[text].add(number)
    for reader in readers:
        for run in reader.runs:
            for number, text in run:
                numbers[text].add(number)
    return numbers


def _lost(writers: Iterable[Sent], readers: Sequence[Seen]) -> Iterator[str]:
    expected = {(number, text) for writer in writers for text, number in writer.acked.items()}
    shown = {reader.name: {pair for run in reader.runs for pair in run} for reader in readers}
    expected.update(*shown.values())
    for reader in readers:
        if reader.whole:
            for number, text in sorted(expected - shown[reader.name]):
                yield f"{reader.name} never saw #{number} {_short(text)}"


def _twice_kept(numbers: dict[str, set[int]]) -> Iterator[str]:
    for text, known in numbers.items():
        if len(known) > 1:
            yield f"{_short(text)} is {sorted(known)}"


def _twice_shown(readers: Iterable[Seen], bystanders: Iterable[Overheard]) -> Iterator[str]:
    for reader in readers:
        yield from _repeated(reader.name, [f"#{number}" for run in reader.runs for number, _ in run])
    for bystander in bystanders:
        yield from _repeated(bystander.name, [word for run in bystander.runs for word in run])


def _repeated(name: str, things: Iterable[str]) -> Iterator[str]:
    before = set()
    for thing in things:
        if thing in before:
            yield f"{name} was shown {thing} again"
        before.add(thing)


def _unexpected(
    writers: Iterable[Sent], readers: Iterable[Seen], bystanders: Iterable[Overheard]
) -> Iterator[str]:
    refused = {text for writer in writers for text in writer.refused}
    good = {text for writer in writers for text in writer.said} - refused
    good_words = {_word(text) for text in good}
    for reader in readers:
        for number, text in sorted({pair for run in reader.runs for pair in run}):
            if text not in good:
                yield f"{reader.name} saw #{number} {_short(text)}" + ", refused" * (text in refused)
    for bystander in bystanders:
        for word in {word for run in bystander.runs for word in run} - good_words:
            yield f"{bystander.name} heard {word}"


def _reordered(
    writers: Iterable[Sent],
    readers: Iterable[Seen],
    bystanders: Iterable[Overheard],
    numbers: dict[str, set[int]],
) -> Iterator[str]:
    texts: dict[int, set[str]] = defaultdict(set)
    for text, known in numbers.items():
        for number in known:
            texts[number].add(text)
    for number, rivals in texts.items():
        if len(rivals) > 1:
            yield f"#{number} is {' and '.join(sorted(map(_short, rivals)))}"
    for reader in readers:
        for run in reader.runs:
            yield from _falling(f"{reader.name} saw", [number for number, _ in run])
    for writer in writers:
        own = [writer.acked[text] for text in writer.said if text in writer.acked]
        yield from _falling("a writer's own are", own)
    by_word = {_word(text): min(known) for text, known in numbers.items()}
    for bystander in bystanders:
        for words in bystander.runs:
            yield from _falling(
                f"{bystander.name} heard", [by_word[word] for word in words if word in by_word]
            )


def _falling(whose: str, numbers: Iterable[int]) -> Iterator[str]:
    for earlier, later in pairwise(numbers):
        if later < earlier:
            yield f"{whose} #{later} after #{earlier}"


def _word(text: str) -> str:
    return text.split(maxsplit=1)[0] if text.strip() else ""


def _short(text: str) -> str:
    return repr(text if len(text) < 40 else text[:37] + "...")
