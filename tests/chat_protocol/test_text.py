"""Cleaning and splitting text."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_protocol.text import clean, is_blank, split
from tests.support.timing import at_most

BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
ANY_TEXT = st.text(st.characters(exclude_categories=()))  # surrogates too
_CONTROLS = "\n\t\r\x00\x07\x1b\x7f\x85\x90\x9b\x9c\u2028\u2029"
WILD_TEXT = st.text(st.sampled_from(_CONTROLS + BIDI + "aя []P0(m\\\ue000\ud83d"))


@given(ANY_TEXT | WILD_TEXT)
def test_cleaning_is_idempotent(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(ANY_TEXT | WILD_TEXT)
def test_control_characters_are_removed(text: str) -> None:
    for char in clean(text):
        assert char in "\n\t" or unicodedata.category(char) not in {"Cc", "Cs", "Co", "Zl", "Zp"}
        assert char not in BIDI
    clean(text).encode()  # the rest can be encoded


@given(st.text(st.characters(categories=["L", "M", "N", "P", "S", "Zs"])))
def test_printable_text_is_unchanged(text: str) -> None:
    assert clean(text) == text


@given(ANY_TEXT | WILD_TEXT)
def test_cleaning_only_removes(text: str) -> None:
    rest = iter(text)
    assert all(char in rest for char in clean(text))


@pytest.mark.parametrize(
    "text",
    [
        "👨‍👩‍👧‍👦 семья",
        "🇷🇺🇬🇧",
        "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
        "❤️ и ☎︎",
        "👍🏽",
        "1️⃣",
        "\U0001fae0\U0001fada",
        "क्‍ष",
        "два\nряда\tи отступ",
        "неразрывный\u00a0пробел",
    ],
)
def test_kept_characters(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("a\r\nb\n", "a\nb\n"),
        ("a\n\nb", "a\n\nb"),
        ("a\n\n\nb" + "\n" * 4000, "a\n\nb\n\n"),
        ("a\r\r\n\x00\n\u2028\nb", "a\n\nb"),
        ("nul\x00 del\x7f nel\x85", "nul del nel"),
        ("счёт \u202e001\u202c руб.", "счёт 001 руб."),
        ("\u2067rtl\u2069\u200f", "rtl"),
        ("строка\u2028абзац\u2029", "строкаабзац"),
        ("\ud83d\ue000\uffff", ""),
    ],
)
def test_removed_characters(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("\x1b[31mкрасный\x1b[0m \x9b1;4mтоже\x1b[m", "красный тоже"),
        ("\x1b[38:2::255:0:0mя\x1b[?25l\x1b[ q\x1b[1;", "я"),
        ("\x1b]0;заголовок\x07a\x1b]2;b\x1b\\c\x9d0;d\x9ce", "ace"),
        ("\x1b]8;;http://a/\x1b\\ссылка\x1b]8;;\x1b\\", "ссылка"),
        ("\x1bPq#0;2\n#1~~\x1b\\a\x1bXb\x1b\\c\x1b^d\x1b\\e\x1b_f\x9cg", "aceg"),
        ("\x1b]0;без конца\nдальше", "\nдальше"),
        ("\x1bPtmux;\x1b\x1b]52;c;eA==\x07\x1b\\a", "a"),
        ("\x1b(B\x1b7\x1b=\x1bOA\x1b#8\x1b%Ga", "a"),
        ("\x1b\x1b[31mя[2J", "я[2J"),
        ("\x90 не начинает ничего, что не кончается", " не начинает ничего, что не кончается"),
        ("\x1b[31я\x1b", "я"),
    ],
)
def test_escape_sequences_are_removed_whole(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("10%\r20%\r100%", "100%"),
        ("10%\r20%\nok\r\r\nx\r", "20%\nok\nx"),
        ("\x1b[2K10%\x1b[2K\r20%\x1b[K", "20%"),
        ("\r\r", ""),
    ],
)
def test_the_last_state_of_a_line_counts(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


@pytest.mark.parametrize(
    "text",
    [
        *("\x1b" * 65536, "\x1b[" * 32768, "\x1b[" + "1;" * 32768, "\x1b]" * 32768, "\x9d" * 65536),
        *("\x1b]" + "x" * 65536, ("\x9d" + "\n" * 20) * 3000, "\x1b" + " " * 65536, "\x1b    " * 13000),
        *("\r" * 65536, "a\r" * 32768, "\n" * 65536 + "\rx"),
    ],
    ids=lambda text: ascii(text[:8]),
)
def test_no_text_takes_long(text: str) -> None:
    started = time.perf_counter()
    clean(text)
    assert time.perf_counter() - started < at_most(0.05)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "\n\t ", "\u00a0\u2003", "\u200b\u200d", "\u3000\n"),
        *("\u115f\u3164", "\u2800 \u2800", "\ufe0f", " \u034f\U000e0100", "\u200b\ufe0f\n"),
    ],
)
def test_blank(text: str) -> None:
    assert is_blank(text)


@pytest.mark.parametrize("text", ["a", " . ", "\nя", "🇷🇺", "\u200dx", "❤\ufe0f", "\u2801"])
def test_not_blank(text: str) -> None:
    assert not is_blank(text)


@given(ANY_TEXT | WILD_TEXT, st.integers(1, 12))
def test_pieces_of_clean_text_are_clean(text: str, limit: int) -> None:
    cleaned = clean(text)
    assert [clean(piece) for piece in split(cleaned, limit)] == split(cleaned, limit)
    assert split(cleaned, max(1, len(cleaned))) == [cleaned]


@given(ANY_TEXT | WILD_TEXT)
def test_blank_text_stays_blank(text: str) -> None:
    if is_blank(text):
        assert is_blank(clean(text))
        assert is_blank(f" {text}\n")


@given(st.text(st.sampled_from("ab я\n")), st.integers(1, 12))
def test_splitting_loses_nothing(text: str, limit: int) -> None:
    pieces = split(text, limit)
    assert "".join(pieces) == text
    assert all(len(piece) <= limit for piece in pieces)
    assert text == "" or all(pieces)


def test_text_is_split_only_over_the_limit() -> None:
    assert split("а" * 10, 10) == ["а" * 10]
    assert split("а" * 11, 10) == ["а" * 10, "а"]


def test_pieces_end_after_a_space() -> None:
    assert split("один два три", 10) == ["один два ", "три"]
    assert split("о дин-два-три", 8) == ["о дин-дв", "а-три"]


def test_each_code_point_is_kept_or_removed_by_its_category() -> None:
    removed = {"Cc", "Cs", "Co", "Cn", "Zl", "Zp"}
    for start in range(0, 0x110000, 0x1000):
        block = [chr(code) for code in range(start, start + 0x1000)]
        kept = [
            char
            for char, category in zip(block, map(unicodedata.category, block), strict=True)
            if (category not in removed and char not in BIDI)
            or char in "\t\n"
            or (category == "Cn" and 0x1F000 <= ord(char) < 0x1FB00)
        ]
        assert clean("".join(char for char in block if char != "\r")) == "".join(kept)
