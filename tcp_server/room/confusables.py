"""Which names look alike: the skeletons of UTS 39, section 4, without regard to case.

The data are those of `confusable-homoglyphs`, as pairs of a character and what it looks
like. Two characters are of one class if they look alike, or if their small forms do: "Н"
and "H" are, so "н" and "h" are too. Without measure that would make one class of half the
alphabet (Γ looks like Г, г like r, γ like y), so no pair may unite two ASCII letters or
digits. Capitals whose pair that excludes, such as the Greek Ν beside its small ν, are
what `unmask` is for.
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from importlib.resources import files
from string import ascii_lowercase, digits
from typing import Final

# Of one class all the same: I and l, O and 0 are told apart by few fonts; of Σ both are small forms.
_UNITED: Final = (("i", "l"), ("l", "1"), ("o", "0"), ("ς", "σ"))

# One look in proportional fonts, and not in the data, which has only m.
_LIGATURES: Final = (("w", "vv"), ("d", "cl"))

_MARK: Final = "\u200e"  # around what is written from right to left, in the data

_DISTINCT: Final = f"{ascii_lowercase}{digits}-"

_DOT_ABOVE: Final = "\u0307"  # shows nothing on a letter that has its dot already


class _DisjointSets:
    """Disjoint sets of characters (and sequences of them) that look alike."""

    def __init__(self) -> None:
        self._parents: dict[str, str] = {}
        self._ascii: dict[str, str] = {}  # root -> the ASCII character its class stands for
        for first, second in _UNITED:
            self._parents[self._root(first)] = self._root(second)
        for char in _DISTINCT:
            self._ascii[self._root(char)] = char

    def _root(self, item: str) -> str:
        while (parent := self._parents.setdefault(item, item)) != item:
            item = parent
        return item

    def unite(self, one: str, other: str) -> bool:
        """Make two classes one, unless each stands for another ASCII character."""
        first, second = self._root(one), self._root(other)
        if first == second:
            return True
        if first in self._ascii:
            first, second = second, first
        if first in self._ascii:
            return False
        self._parents[first] = second
        return True

    def table(self) -> dict[int, str]:
        """Return what stands for each character: a sequence where its class has one."""
        chosen: dict[str, str] = {}
        for item in sorted(self._parents, key=lambda item: (len(item) == 1, len(item), item)):
            chosen.setdefault(self._root(item), item)
        table = {ord(item): chosen[self._root(item)] for item in self._parents if len(item) == 1}
        sequences = [code for code, text in table.items() if len(text) > 1]
        for _ in range(4):  # the characters of a sequence have their own classes
            for code in sequences:
                table[code] = table[code].translate(table)
        return table


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKD", text).lower()


def _pairs() -> Iterator[tuple[str, str]]:
    """Yield characters of which names consist, each with what it looks like."""
    data = files("confusable_homoglyphs").joinpath("confusables.json").read_text(encoding="utf-8")
    for marked, targets in json.loads(data).items():
        char = marked.strip(_MARK)
        # A prototype has all that look like it as its targets; each of those has but the prototype.
        if len(char) == 1 == len(targets) and len(_plain(char)) == 1:
            yield char, targets[0]["c"].strip(_MARK)


def _build(pairs: Iterable[tuple[str, str]]) -> tuple[dict[int, str], dict[int, str]]:
    classes = _DisjointSets()
    excluded = {}
    # Small letters first, and those near ASCII: who comes later is who is left out.
    for char, target in sorted(pairs, key=lambda pair: (pair != (_plain(pair[0]), _plain(pair[1])), *pair)):
        if not classes.unite(_plain(char), _plain(target)):
            excluded[ord(char)] = target
    for char, sequence in _LIGATURES:
        classes.unite(char, sequence)
    return classes.table(), excluded


_TABLE, _EXCLUDED = _build(_pairs())
_NEEDLESS_DOTS = re.compile(f"(?<=[{re.escape('ij'.translate(_TABLE))}]){_DOT_ABOVE.translate(_TABLE)}+")


def skeleton(text: str) -> str:
    """Return what all texts that look like `text` have in common; not for display."""
    seen = "".join(char for char in _plain(text) if unicodedata.category(char) != "Cf")
    return _NEEDLESS_DOTS.sub("", unicodedata.normalize("NFKD", seen.translate(_TABLE)))


def unmask(text: str) -> str:
    """Return `text` with what it looks like in place of capitals whose small letters look otherwise.

    "Νick" with a Greek capital Ν looks like "Nick", though "νick" does not.
    """
    return text.translate(_EXCLUDED)


def look_alikes(char: str) -> frozenset[str]:
    """Return all characters that look like this one, itself among them."""
    look = char.translate(_TABLE)
    return frozenset(chr(code) for code, text in _TABLE.items() if text == look) | {char}
