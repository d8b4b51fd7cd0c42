import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_protocol.contract import SYSTEM_NAME
from chat_protocol.settings import BadConfig
from tcp_server.config import Reservation
from tcp_server.room.names import BadName, parse_name, suggest
from tcp_server.room.reserved_names import ReservedNames


def error_code(name: str, limit: int = 32) -> str:
    with pytest.raises(BadName) as caught:
        parse_name(name, limit)
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
def test_a_name_is_shown_as_written(name: str, shown: str) -> None:
    assert parse_name(name, 32).shown == shown


@pytest.mark.parametrize("other", ["анна", "АННА", " Анна ", "аННа"])
def test_spellings_of_one_name_have_one_key(other: str) -> None:
    assert parse_name(other, 32).key == parse_name("Анна", 32).key


def test_different_names_have_different_keys() -> None:
    assert len({parse_name(name, 32).key for name in ("Анна", "Анна2", "Ан на", "Anna", "Ёж", "Еж")}) == 6


@pytest.mark.parametrize("name", ["", " ", "\n", "\t \u3000"])
def test_an_empty_name(name: str) -> None:
    assert error_code(name) == "name_empty"


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
        "a\u2236b",  # these look like ":"
        "a\ua789b",
        "a\u05c3b",
        "a\u02d0b",
        "a\u0589b",
        "Анна\u0903",
        "#1043",
        "#1043 Анна",
        "＃ 12",
        "\u0301a",  # would combine with the character before the name
        "a\u20dd",
        "e\u0301\u0301",  # two equal accents look like one
        "Z\u0351\u036b\u0343\u032a\u0302\u0352",
        "ا" + "\u064e\u064f\u0650\u0651\u0652",
    ],
)
def test_invalid_characters_are_refused(name: str) -> None:
    assert error_code(name) == "name_invalid"


@pytest.mark.parametrize(
    "invisible",
    [
        *"\u115f\u1160\u3164\uffa0",  # Hangul fillers
        *"\u2800\U0001d159\ufffc\ufffd",  # symbols that fonts show as blanks
        *"\u034f\u00ad\u180e\u200b\u200c\u200d\u2060\u2061\u2064\ufeff",
        *"\u180b\ufe00\ufe0f\U000e0100",  # variation selectors
        *"\U000e0001\U000e0061\U000e007f",  # tags
        *"\u17b4\u17b5\u206a\ufff9\U0001bca0\U0001d173",
    ],
    ids=ascii,
)
@pytest.mark.parametrize("name", ["{0}", "{0}Анна", "Ан{0}на", "Анна{0}"])
def test_invisible_characters_are_refused(name: str, invisible: str) -> None:
    assert error_code(name.format(invisible)) == "name_invalid"


def test_no_control_or_format_character_is_in_any_name() -> None:
    for code in range(0x110000):
        if unicodedata.category(char := chr(code)) in {"Cc", "Cf", "Zl", "Zp"}:
            assert error_code(f"a{char}b") == "name_invalid", hex(code)


@pytest.mark.parametrize("name", ["ế", "မြို့", "བསྒྲུབས", "שָׁלוֹם", "محمَّد", "ผู้ใหญ่", "क्ष", "दुःख", "Ё"])
def test_marks_used_in_writing_are_allowed(name: str) -> None:
    assert parse_name(name, 32).shown == unicodedata.normalize("NFKC", name)


# --- names that look alike -----------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("alice", "аlісе"),
        ("alice", "aIice"),
        ("alice", "a1ice"),
        ("alice", "ALlСE"),
        ("alice", "ali\u0307ce"),
        ("Анна", "AHHA"),
        ("Анна", "Aннa"),
        ("Nick", "Νick"),
        ("Ÿann", "Ϋann"),
        ("Ýmir", "Ύmir"),
        ("Åsa", "A\U00011300sa"),
        ("Vera", "νera"),
        ("Νίκος", "νίκος"),
        ("Νίκος", "νίκoς"),
        ("Гена", "Γена"),
        ("modem", "rnodern"),
        ("wave", "vvave"),
        ("doll", "cloll"),
        ("Bob", "B0b"),
        ("Зоя", "3оя"),
        ("口", "ロ"),
        ("Jürgen", "Ju\u0308rgen"),
    ],
)
def test_names_that_look_alike_share_a_key(one: str, other: str) -> None:
    assert set(parse_name(one, 32).keys) & set(parse_name(other, 32).keys)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Анна", "Анна2"),
        ("Анна", "Анна Б"),
        ("Nina", "Vina"),
        ("Yara", "Tara"),
        ("Mary", "Mara"),
        ("Вера", "Вета"),
        ("Зара", "Лара"),
        ("Zoe", "Zoé"),
        ("Ёж", "Еж"),
        ("Саша", "Маша"),
        ("Боб", "Воб"),
        ("Тима", "Дима"),
        ("李", "季"),
    ],
)
def test_names_that_do_not_look_alike_share_no_key(one: str, other: str) -> None:
    assert not set(parse_name(one, 32).keys) & set(parse_name(other, 32).keys)


@pytest.mark.parametrize(
    "name",
    [
        *(SYSTEM_NAME, "cepвep", "СЕРВЕР", "Server", "system", "Система", "oneroom", "0neroom"),
        *("admin", "Аdмin", "adm1n", "Admin 2", "[админ]", "★ Moderator ★", "Модератор!", "администратор"),
        *(
            "Анна модератор",
            "Боб админ",
            "Боб а\u0301дмин",
            "Аdmin Bob",
            "Super-Admin",
            "Adm1n Bob",
            "admіnistrator Bob",
            "Боб (МОДЕРАТОР)",
        ),
        *("Анна присоединился к чату!", "покинул чат", "Вера пoкинyл чaт", "Bob left the chat"),
    ],
)
def test_reserved_names(name: str) -> None:
    assert error_code(name) == "name_reserved"


@pytest.mark.parametrize(
    "name", ["Админка", "Администрация дома", "Сервера", "Чат", "systematic", "1234", "Покинула"]
)
def test_names_that_resemble_reserved_ones_are_allowed(name: str) -> None:
    assert parse_name(name, 32).shown == name


# --- suggestions ---------------------------------------------------------------------


def test_a_suggestion_is_a_free_name_with_a_number() -> None:
    anna = parse_name("Анна", 32)
    assert suggest(anna, 32, lambda _: True) == "Анна 2"
    assert suggest(anna, 32, lambda name: name != parse_name("Анна 2", 32)) == "Анна 3"


def test_a_long_name_is_cut_for_the_number() -> None:
    assert suggest(parse_name("я" * 32, 32), 32, lambda _: True) == "я" * 30 + " 2"
    assert suggest(parse_name("ян", 2), 2, lambda _: True) is None


def test_the_number_of_attempts_is_limited() -> None:
    assert suggest(parse_name("Анна", 32), 32, lambda _: False) is None


@given(st.text(min_size=1, max_size=40), st.integers(1, 40))
def test_every_suggestion_is_a_valid_name(text: str, limit: int) -> None:
    try:
        name = parse_name(text, limit)
    except BadName:
        return
    suggestion = suggest(name, limit, lambda other: set(other.keys).isdisjoint(name.keys))
    if suggestion is not None:
        assert parse_name(suggestion, limit).shown == suggestion
        assert not set(parse_name(suggestion, limit).keys) & set(name.keys)


def test_the_limit_applies_to_the_normalized_name() -> None:
    assert parse_name("я" * 32, 32).shown == "я" * 32
    assert error_code("я" * 33) == "name_too_long"
    assert parse_name("e\u0301" * 32, 32).shown == "é" * 32
    assert error_code("\ufdfa" * 2) == "name_too_long"  # one code point that becomes eighteen
    assert error_code("a" + " " * 200 + "b") == "name_too_long"


@given(st.text(max_size=200), st.integers(1, 40))
def test_every_text_is_a_valid_name_or_raises_bad_name(text: str, limit: int) -> None:
    try:
        name = parse_name(text, limit)
    except BadName:
        return
    assert 0 < len(name.shown) <= limit
    assert name.key
    assert not set(name.shown) & set("\n\r\0\x1b:")
    assert parse_name(name.shown, limit)[:2] == name[:2]


@pytest.mark.parametrize("name", ["ci", "CI", "сi"])  # the last one in Cyrillic
def test_a_name_is_reserved_once(name: str) -> None:
    with pytest.raises(BadConfig, match="there twice, or looks like"):
        ReservedNames([Reservation("ci", "a"), Reservation("other", "b"), Reservation(name, "c")], 32)
