"""Wrapping text: like `wcwidth.wrap`, but in linear time."""

import random
from time import thread_time
from typing import Final

import pytest
import wcwidth

from cli_client.wrapping import cell_width, wrap

FLAG: Final = "\U0001f1e6"
ORDINARY: Final = (
    *("a", "don't", "слово", "é", "e\u0301", "漢字", "한국어", "กำ", "हिन्दी", "x" * 30, "漢" * 40, "-", "--"),
    *("👩‍👩‍👧‍👦", "👋🏽", "🇷🇺", "❤️", "1️⃣", "\t", "\n", "1\u00a0000"),
)
ODD: Final = {
    "words": "word ",
    "one word": "x",
    "flags": FLAG,
    "marks": "\u0301",
    "a mark on all": "a\u0301",
    "joined": "\U0001f468\u200d",
    "hearts joined": "\u2764\ufe0f\u200d",
    "wide": "漢",
    "syllables without end": "\u1100",
    "conjuncts without end": "\u0915\u094d",
    "skins": "\U0001f3fd",
    "prepended": "\u0600",
    "no width": "\u200b",
    "blanks of no width": "\u200b ",
    "tags": "\U000e0041",
    "soft hyphens": "a\u00ad",
    "blanks": " " * 39 + "x",
    "other blanks": "\u00a0",
    "tabs": "\t" * 39 + "x",
    "lines": "\n" * 39 + "x",
    "an address": "://x",
    "an address of brackets": "http://a)",
    "addresses": "a://b ",
    "no address": "://\u00a0x",
}
SHAPES: Final = pytest.mark.parametrize("piece", ODD.values(), ids=ODD.keys())


def wrapped_by_wcwidth(text: str, room: int, first: int) -> list[str]:
    lines: list[str] = []
    for paragraph in text.expandtabs(4).split("\n"):
        lead = "" if lines else " " * first
        wrapped = wcwidth.wrap(paragraph, room, initial_indent=lead, break_on_hyphens=False)
        lines += [wrapped[0][len(lead) :], *wrapped[1:]] if wrapped else [""]
    return lines


@pytest.mark.parametrize("seed", range(20))
def test_ordinary_text_is_wrapped_as_by_wcwidth(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(100):
        words = (
            chance.choice(ORDINARY) + chance.choice(("", " ", " ", "  "))
            for _ in range(chance.randint(0, 30))
        )
        text, room = "".join(words), chance.randint(16, 90)
        first = chance.randint(0, room // 2)
        assert wrap(text, room, first) == wrapped_by_wcwidth(text, room, first), (text, room, first)


@SHAPES
@pytest.mark.parametrize(("room", "first"), [(8, 0), (8, 4), (9, 4), (73, 0), (73, 36), (93, 8)])
def test_no_line_is_too_wide_and_nothing_is_lost(piece: str, room: int, first: int) -> None:
    text = (piece * 500)[:500]
    lines = wrap(text, room, first)
    assert "".join("".join(lines).split()) == "".join(text.split())
    if not piece.startswith(("://x", "http")):
        assert cell_width(lines[0]) <= room - first
        assert all(wcwidth.width(line) <= room for line in lines)


@pytest.mark.parametrize("seed", range(10))
def test_no_line_of_mixed_text_is_too_wide(seed: int) -> None:
    chance = random.Random(seed)
    pieces = [piece for piece in (*ODD.values(), *ORDINARY) if "://" not in piece]
    for _ in range(50):
        text = "".join(chance.choices(pieces, k=60))
        room = chance.randint(8, 93)
        first = chance.randint(0, room // 2)
        lines = wrap(text, room, first)
        assert "".join("".join(lines).split()) == "".join(text.split())
        assert cell_width(lines[0]) <= room - first
        assert all(cell_width(line) <= room for line in lines)


def cost(text: str, room: int) -> float:
    """Return the least CPU time, in seconds, that wrapping `text` takes."""

    def once() -> float:
        begun = thread_time()
        cell_width(max(wrap(text, room, room // 2), key=len))
        return thread_time() - begun

    return min(once() for _ in range(3))


@SHAPES
def test_wrapping_takes_linear_time(piece: str) -> None:
    for room in (8, 73):
        for _ in range(3):  # others may be at work on the machine for a moment
            short = cost((piece * 4000)[:4000], room)
            long = cost((piece * 40000)[:40000], room)
            if short < 0.05 and long < 15 * max(short, 0.005):  # below that the clock is too coarse
                break
        else:
            pytest.fail(f"{short} s, and {long} s for ten times as much")


def test_only_a_web_address_is_not_split() -> None:
    address, word = "https://example.org/" + "ы" * 30, "x" * 50
    assert wrap(f"см. {address} {word}", 20) == ["см.", address, "x" * 20, "x" * 20, "x" * 10]
    assert wrap(address, 60, 30) == ["", address]
    assert wrap(address, 30) == [address]


@pytest.mark.parametrize("blank", ["\u00a0", "\u2003", "\u3000", "\u2800", "\u3164", "\u200b", "\u00ad"])
def test_a_web_address_cannot_imitate_a_message(blank: str) -> None:
    """A line that the terminal wraps continues in the first column, where the times are."""
    text = f"://{'x' * 70}12:00{blank}Анна:{blank}да"
    assert all(cell_width(line) <= 73 for line in wrap(text, 73))
