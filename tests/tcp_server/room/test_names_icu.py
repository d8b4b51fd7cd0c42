"""Names that look alike to ICU, a second implementation of UTS 39, are the same to us."""

import ctypes
import random
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable
from functools import cache
from itertools import combinations

import pytest

from tcp_server.room.names import BadName, Name, parse_name
from tests.hostile.rounds import ROUNDS
from tests.support.requirements import ICU, needs_icu

pytestmark = needs_icu

NAMES = ("alice", "Анна", "paypal", "Bob07", "Мария", "modern Dawn", "Νίκος", "Zoë", "ПЁТР", "Eve-Lilith")

ELSEWHERE = "\uab74ƥ"
"""To ICU these look like "ơ" and "p̔", to the data that we have like "o'" and "'p"."""


@cache
def skeletons() -> Callable[[str], str]:
    """Return ICU's function from a text to its skeleton."""
    assert ICU is not None
    library = ctypes.CDLL(ICU)
    found = re.search(r"\d+", ICU.partition(".so")[2])
    version = f"_{found[0]}" if found else ""  # ICU has its version in the names of its functions
    open_checker, get_skeleton = (
        getattr(library, f"uspoof_{name}{version}") for name in ("open", "getSkeletonUTF8")
    )
    open_checker.restype = ctypes.c_void_p
    status = ctypes.c_int(0)
    checker = ctypes.c_void_p(open_checker(ctypes.byref(status)))
    assert status.value <= 0, f"ICU error {status.value}"

    def skeleton(text: str) -> str:
        data = text.encode()
        buffer = ctypes.create_string_buffer(20 * len(data) + 1)
        size = get_skeleton(
            checker, 0, data, len(data), buffer, len(buffer), ctypes.byref(failed := ctypes.c_int(0))
        )
        assert failed.value <= 0, f"ICU error {failed.value}"
        return buffer.raw[:size].decode()

    return skeleton


def parse(name: str) -> Name | None:
    try:
        return parse_name(name, 32)
    except BadName:
        return None


@cache
def alike() -> dict[str, list[str]]:
    """Return the characters below the rarer ideographs that look like another, by their skeleton."""
    skeleton = skeletons()
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for char in filter(str.isprintable, map(chr, {*range(0x21, 0x20000)} - set(map(ord, ELSEWHERE)))):
        groups[skeleton(char)].append(char)
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
    others = {char: alike().get(skeletons()(char), [char]) for char in name}
    disguises = ("".join(rng.choice(others[char]) for char in name) for _ in range(40 * ROUNDS))
    parsed = [found for one in disguises if (found := parse(unicodedata.normalize("NFC", one))) is not None]
    original = parse(name)
    assert original is not None
    for disguised in parsed:
        assert_same([original, disguised])
