import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcp_server.names import BadName, prepare


def problem(name: str, limit: int = 32) -> str:
    with pytest.raises(BadName) as caught:
        prepare(name, limit)
    assert caught.value.text
    return caught.value.code


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Анна", "Анна"),
        ("  Анна   Мария ", "Анна Мария"),
        ("Анна\u3000Мария", "Анна Мария"),
        ("e\u0301", "é"),
        ("Ⅷ", "VIII"),
        ("Ａnna", "Anna"),
        ("😀", "😀"),
        ("O'Neil-7_(x)", "O'Neil-7_(x)"),
        ("李小龍", "李小龍"),
    ],
)
def test_a_name_is_shown_as_it_was_written(name: str, shown: str) -> None:
    assert prepare(name, 32).shown == shown


@pytest.mark.parametrize("other", ["анна", "АННА", " Анна ", "аННа"])
def test_spellings_of_one_name_have_one_key(other: str) -> None:
    assert prepare(other, 32).key == prepare("Анна", 32).key


def test_different_names_have_different_keys() -> None:
    assert len({prepare(name, 32).key for name in ("Анна", "Анна2", "Ан на", "Anna", "Ёж", "Еж")}) == 6


@pytest.mark.parametrize("name", ["", " ", "\n", "\t \u3000"])
def test_an_empty_name(name: str) -> None:
    assert problem(name) == "name_empty"


@pytest.mark.parametrize(
    "name",
    [
        "a\nb: c",
        "a\x00b",
        "a\x1b[31m",
        "a\x9b",
        "a\u202eb",
        "a\u200bb",
        "\u00ad",
        "a\u2028b",
        "\ue000",
        "a\ufffe",
        "a:b",
        "a：b",  # becomes ":" when widths are folded
        "{a",
        "/who",
        "／who",
    ],
)
def test_characters_no_name_has(name: str) -> None:
    assert problem(name) == "name_invalid"


def test_the_limit_counts_what_is_shown() -> None:
    assert prepare("я" * 32, 32).shown == "я" * 32
    assert problem("я" * 33) == "name_too_long"
    assert prepare("e\u0301" * 32, 32).shown == "é" * 32
    assert problem("\ufdfa" * 2) == "name_too_long"  # one code point that becomes eighteen
    assert problem("a" + " " * 200 + "b") == "name_too_long"


@given(st.text(max_size=200), st.integers(1, 40))
def test_every_text_is_a_name_or_has_a_reason_why_not(text: str, limit: int) -> None:
    try:
        name = prepare(text, limit)
    except BadName:
        return
    assert 0 < len(name.shown) <= limit
    assert name.key
    assert not set(name.shown) & set("\n\r\0\x1b:")
    assert prepare(name.shown, limit) == name
