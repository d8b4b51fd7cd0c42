"""Both languages say the same things."""

import re
from string import Formatter

import pytest

from cli_client.words import ENGLISH, RUSSIAN, Words, language
from tests.support.processes import ROOT


def _forms(text: str | tuple[str, ...]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else text


def _fields(text: str | tuple[str, ...]) -> set[str]:
    return {field for form in _forms(text) for _, field, _, _ in Formatter().parse(form) if field}


def test_the_same_texts_with_the_same_places_to_fill_in() -> None:
    assert RUSSIAN.keys() == ENGLISH.keys()
    for key, text in RUSSIAN.items():
        assert _fields(text) == _fields(ENGLISH[key]), key
        assert isinstance(text, str) == isinstance(ENGLISH[key], str), key
        assert all(_fields(form) == _fields(text) for form in (*_forms(text), *_forms(ENGLISH[key]))), key


def test_every_text_is_used() -> None:
    code = "".join(path.read_text() for path in (ROOT / "cli_client").glob("*.py") if path.name != "words.py")
    by_name = set(re.findall(r"""["']([a-z_]+)["']""", code))
    unused = {key for key in RUSSIAN if key not in by_name and not re.match(r"(error|why|ended)_", key)}
    assert unused == {"left_because_slow", "left_because_kicked"}


@pytest.mark.parametrize(
    ("count", "russian", "english"),
    [
        (1, "Здесь пропущено 1 сообщение: /history", "1 message missing here: /history"),
        (3, "Здесь пропущено 3 сообщения: /history", "3 messages missing here: /history"),
        (11, "Здесь пропущено 11 сообщений: /history", "11 messages missing here: /history"),
        (37, "Здесь пропущено 37 сообщений: /history", "37 messages missing here: /history"),
        (121, "Здесь пропущено 121 сообщение: /history", "121 messages missing here: /history"),
    ],
)
def test_counts(count: int, russian: str, english: str) -> None:
    assert Words("ru").count("missed", count) == russian
    assert Words("en").count("missed", count) == english


def test_errors_are_told_by_code_and_unknown_ones_by_their_text() -> None:
    assert Words("ru").error("name_taken", "taken") == "это имя уже занято"
    assert Words("ru").error("brand_new", "a new kind of error") == "a new kind of error"
    assert Words("en").error("brand_new", "") == "brand_new"
    assert Words("en").why("brand_new", "h:1") == "The connection was lost"


@pytest.mark.parametrize(
    ("environment", "lang"),
    [
        ({"LANG": "ru_RU.UTF-8"}, "ru"),
        ({"LANG": "ru_RU.UTF-8", "LC_ALL": "en_GB.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "ru_RU.UTF-8"}, "ru"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "ru_RU.UTF-8", "LC_ALL": ""}, "ru"),
        ({}, "en"),
    ],
)
def test_language_of_the_locale(environment: dict[str, str], lang: str) -> None:
    assert language(environment) == lang
