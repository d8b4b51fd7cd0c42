"""Which names look alike: the skeletons of UTS 39, section 4, ignoring case.

The data are those of `confusable-homoglyphs`: pairs of a character and what it looks like.
Two characters are in one class if they look alike, or if their small forms do: as "Н" and
"H" look alike, "н" and "h" are in one class. Without a limit that would put half the
alphabet into one class (Γ looks like Г, г like r, γ like y), so a pair that would join two
ASCII letters or digits is left out. If its character is a capital, such as the Greek Ν
beside its small ν, `replace_capitals` handles it.
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from importlib.resources import files
from string import ascii_lowercase, digits
from typing import Final

# Joined in any case: few fonts distinguish I and l, or O and 0; ς and σ are both small forms of Σ.
_ALWAYS_JOINED: Final = (("i", "l"), ("l", "1"), ("o", "0"), ("ς", "σ"))

# These look alike in proportional fonts, and are not in the data, which has only m for rn; and two rings.
_NOT_IN_THE_DATA: Final = (("w", "vv"), ("d", "cl"), ("\U00011300", "\u030a"))

_MARK: Final = "\u200e"  # surrounds right-to-left characters in the data

_DISTINCT: Final = f"{ascii_lowercase}{digits}-"

_DOT_ABOVE: Final = "\u0307"  # invisible on a letter that has a dot already


class _DisjointSets:
    """Disjoint sets (union-find) of characters, and sequences of them, that look alike."""

    def __init__(self) -> None:
        self._parents: dict[str, str] = {}
        self._ascii: dict[str, str] = {}  # root -> the ASCII character its class stands for
        for first, second in _ALWAYS_JOINED:
            self._parents[self._root(first)] = self._root(second)
        for char in _DISTINCT:
            self._ascii[self._root(char)] = char

    def _root(self, item: str) -> str:
        while (parent := self._parents.setdefault(item, item)) != item:
            item = parent
        return item

    def unite(self, one: str, other: str) -> bool:
        """Join the classes of two items, unless each has an ASCII character; return whether they are one."""
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
        """Return the representative of each character's class: a sequence if the class has one."""
        representatives: dict[str, str] = {}
        items = sorted(self._parents, key=lambda item: (len(item) == 1, len(item), item))
        for item in items:
            root = self._root(item)
            if len(item) == 1 or all(self._root(char) != root for char in item):  # else it would never end
                representatives.setdefault(root, item)
        table = {ord(item): representatives[self._root(item)] for item in items if len(item) == 1}
        sequences = [code for code, text in table.items() if len(text) > 1]
        for _ in range(4):  # the characters of a sequence have classes of their own
            for code in sequences:
                table[code] = table[code].translate(table)
        return table


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKD", text).lower()


def _pairs() -> Iterator[tuple[str, str]]:
    """Yield each character that a name may have with the character or sequence that it looks like."""
    data = files("confusable_homoglyphs").joinpath("confusables.json").read_text(encoding="utf-8")
    for marked, targets in json.loads(data).items():
        char = marked.strip(_MARK)
        # The targets of a prototype are all that look like it; each of those has the prototype alone.
        if len(char) == 1 == len(targets) and len(_plain(char)) == 1:
            yield char, targets[0]["c"].strip(_MARK)


def _build(pairs: Iterable[tuple[str, str]]) -> tuple[dict[int, str], dict[int, str]]:
    """Return the representative of each character, and the pairs left out."""
    classes = _DisjointSets()
    left_out = {}
    # Small letters first, then by code point: later pairs are the ones left out.
    for char, target in sorted(pairs, key=lambda pair: (pair != (_plain(pair[0]), _plain(pair[1])), *pair)):
        if not classes.unite(_plain(char), _plain(target)):
            left_out[ord(char)] = target
    for char, sequence in _NOT_IN_THE_DATA:
        classes.unite(char, sequence)
    return classes.table(), left_out


_TABLE, _LEFT_OUT = _build(_pairs())
_NEEDLESS_DOTS = re.compile(f"(?<=[{re.escape('ij'.translate(_TABLE))}]){_DOT_ABOVE.translate(_TABLE)}+")


def skeleton(text: str) -> str:
    """Return a form that is equal for all texts that look alike; not for display."""
    visible = "".join(char for char in _plain(text) if unicodedata.category(char) != "Cf")
    return _NEEDLESS_DOTS.sub("", unicodedata.normalize("NFKD", visible.translate(_TABLE)))


def replace_capitals(text: str) -> str:
    """Replace capitals by what they look like, where their small forms look different.

    "Νick" with a Greek capital Ν looks like "Nick", though "νick" does not; and "Ϋ" like "Ÿ".
    """
    decomposed = unicodedata.normalize("NFD", text)
    replaced = decomposed.translate(_LEFT_OUT)
    return text if replaced == decomposed else replaced


def look_alikes(char: str) -> frozenset[str]:
    """Return all characters that look like `char`, including itself."""
    representative = char.translate(_TABLE)
    return frozenset(chr(code) for code, text in _TABLE.items() if text == representative) | {char}
