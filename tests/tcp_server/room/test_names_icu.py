"""Names that look alike to ICU, a second implementation of UTS 39, are the same to us.

Each Unicode finds more characters that look alike. Up to the one that our data were compared with, all
that ICU finds must be in them; of a newer ICU only what they have too counts, so that it can fail only
for what we make of the data, not for what it knows and they cannot.
"""

import ctypes
import random
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable
from functools import cache
from itertools import combinations
from typing import Any

import pytest

from tcp_server.room.confusables import replace_capitals, skeleton
from tcp_server.room.names import BadName, Name, parse_name
from tests.hostile.rounds import ROUNDS
from tests.support.requirements import ICU, needs_icu

pytestmark = needs_icu

NAMES = ("alice", "Анна", "paypal", "Bob07", "Мария", "modern Dawn", "Νίκος", "Zoë", "ПЁТР", "Eve-Lilith")

COMPARED = (15, 0)
"""The Unicode of the newest ICU that our data were compared with, in full: ICU 72."""

ELSEWHERE = "\uab74ƥ"
"""To ICU these look like "ơ" and "p̔", to the data that we have like "o'" and "'p"."""


def function(name: str) -> Any:
    """Return a function of ICU, which has its version in the names of all."""
    assert ICU is not None
    version = re.search(r"\d+", ICU.partition(".so")[2])
    return getattr(ctypes.CDLL(ICU), f"{name}_{version[0]}" if version else name)


@cache
def is_newer() -> bool:
    """Return whether ICU knows a newer Unicode than our data were compared with."""
    version = (ctypes.c_uint8 * 4)()
    function("u_getUnicodeVersion")(version)
    return tuple(version[:2]) > COMPARED


@cache
def skeletons() -> Callable[[str], str]:
    """Return ICU's function from a text to its skeleton."""
    open_checker, get_skeleton = function("uspoof_open"), function("uspoof_getSkeletonUTF8")
    open_checker.restype = ctypes.c_void_p
    status = ctypes.c_int(0)
    checker = ctypes.c_void_p(open_checker(ctypes.byref(status)))
    assert status.value <= 0, f"ICU error {status.value}"

    def icu_skeleton(text: str) -> str:
        data = text.encode()
        buffer = ctypes.create_string_buffer(20 * len(data) + 1)
        size = get_skeleton(
            checker, 0, data, len(data), buffer, len(buffer), ctypes.byref(failed := ctypes.c_int(0))
        )
        assert failed.value <= 0, f"ICU error {failed.value}"
        return buffer.raw[:size].decode()

    return icu_skeleton


def parse(name: str) -> Name | None:
    try:
        return parse_name(name, 32)
    except BadName:
        return None


def look(char: str) -> tuple[str, str]:
    """Return what a character looks like to ICU, and if that is newer than our data also to them."""
    return skeletons()(char), skeleton(replace_capitals(char)) if is_newer() else ""


@cache
def alike() -> dict[tuple[str, str], list[str]]:
    """Return the characters below the rarer ideographs that look like another, by their look."""
    groups: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for char in filter(str.isprintable, map(chr, {*range(0x21, 0x20000)} - set(map(ord, ELSEWHERE)))):
        groups[look(char)].append(char)
    return {looks: chars for looks, chars in groups.items() if len(chars) > 1}


def assert_same(names: list[Name]) -> None:
    """Fail if two of the names look alike to ICU, as they are shown, and are not the same to us."""
    by_look: defaultdict[str, list[Name]] = defaultdict(list)
    for name in names:
        by_look[skeletons()(name.shown)].append(name)
    for group in by_look.values():
        for one, other in combinations(group, 2):
            assert not set(one.keys).isdisjoint(other.keys), (one, other)


def test_characters_that_look_alike_to_icu_are_the_same_in_a_name() -> None:
    for chars in alike().values():
        assert_same([name for char in chars if (name := parse(f"a{char}b")) is not None])


@pytest.mark.parametrize("name", NAMES)
def test_names_in_characters_that_look_alike_to_icu_are_the_same(name: str) -> None:
    rng = random.Random(0)
    others = {char: alike().get(look(char), [char]) for char in name}
    disguises = ("".join(rng.choice(others[char]) for char in name) for _ in range(40 * ROUNDS))
    parsed = [found for one in disguises if (found := parse(unicodedata.normalize("NFC", one))) is not None]
    original = parse(name)
    assert original is not None
    for disguised in parsed:
        assert_same([original, disguised])
