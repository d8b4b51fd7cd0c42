"""The texts in both languages."""

import re
from string import Formatter
from typing import get_args

import pytest

from chat_protocol.messages import Act
from cli_client.english import ENGLISH
from cli_client.russian import RUSSIAN
from cli_client.translations import Translations, system_language
from tests.support.processes import ROOT


def _forms(text: str | tuple[str, ...]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else text


def _fields(text: str | tuple[str, ...]) -> set[str]:
    return {field for form in _forms(text) for _, field, _, _ in Formatter().parse(form) if field}


def test_both_languages_have_the_same_keys_and_fields() -> None:
    assert RUSSIAN.keys() == ENGLISH.keys()
    for key, text in RUSSIAN.items():
        assert _fields(text) == _fields(ENGLISH[key]), key
        assert isinstance(text, str) == isinstance(ENGLISH[key], str), key
        assert all(_fields(form) == _fields(text) for form in (*_forms(text), *_forms(ENGLISH[key]))), key


def test_every_text_is_used() -> None:
    tables = {f"{lang}{part}.py" for lang in ("russian", "english") for part in ("", "_arguments")}
    sources = [path for package in ("chat_client", "cli_client") for path in (ROOT / package).glob("*.py")]
    code = "".join(path.read_text() for path in sources if path.name not in tables)
    by_name = set(re.findall(r"""["']([a-z_0-9]+)["']""", code))
    built = re.compile(r"(error|lost|ended|notice|usage|shell|about|left_because|pipe_password)_")
    assert {key for key in RUSSIAN if key not in by_name and not built.match(key)} == set()


def test_every_moderators_act_has_a_text() -> None:
    for act in get_args(Act):
        assert f"notice_{act}" in RUSSIAN


@pytest.mark.parametrize(
    ("seconds", "russian", "english"),
    [
        (0.2, "1 с", "1 s"),
        (59.1, "1 мин", "1 min"),
        (60, "1 мин", "1 min"),
        (90, "90 с", "90 s"),
        (600, "10 мин", "10 min"),
        (3599.9, "1 ч", "1 h"),
        (3601, "61 мин", "61 min"),
        (7199.3, "2 ч", "2 h"),
        (86399.1, "1 д", "1 d"),
        (7300, "3 ч", "3 h"),
        (86400 * 30, "30 д", "30 d"),
    ],
)
def test_durations_are_rounded_up(seconds: float, russian: str, english: str) -> None:
    assert (Translations("ru").duration(seconds), Translations("en").duration(seconds)) == (russian, english)


@pytest.mark.parametrize(
    ("count", "russian", "english"),
    [
        (1, "Пропущено 1 сообщение; показать: /history", "1 message missed; /history shows it"),
        (3, "Пропущено 3 сообщения; показать: /history", "3 messages missed; /history shows them"),
        (11, "Пропущено 11 сообщений; показать: /history", "11 messages missed; /history shows them"),
        (37, "Пропущено 37 сообщений; показать: /history", "37 messages missed; /history shows them"),
        (121, "Пропущено 121 сообщение; показать: /history", "121 messages missed; /history shows them"),
    ],
)
def test_plural_forms(count: int, russian: str, english: str) -> None:
    assert Translations("ru").plural("missed", count) == russian
    assert Translations("en").plural("missed", count) == english


def test_unknown_errors_are_explained_by_their_text() -> None:
    assert Translations("ru").error("name_taken", "taken") == "Это имя уже занято."
    assert (
        Translations("ru").error("brand_new", "a new kind of error") == "Не получилось: a new kind of error"
    )
    assert (
        Translations("en").error("muted_for", "\x1b") == "You cannot write for another 1 s."
    )  # no such code
    assert Translations("en").error("brand_new", "") == "That did not work: brand_new"
    assert Translations("en").lost("brand_new", "h:1") == "The connection was lost"


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
    assert system_language(environment) == lang
