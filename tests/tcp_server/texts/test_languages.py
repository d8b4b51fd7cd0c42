"""The server's own lines in each language."""

from collections.abc import Mapping
from string import Formatter
from typing import get_args

import pytest
from msgspec.structs import asdict

from chat_protocol.commands import Language
from chat_protocol.messages import Act
from tcp_server.room.names import BadName, parse_name
from tcp_server.texts.english import ENGLISH
from tcp_server.texts.languages import LANGUAGES
from tcp_server.texts.russian import RUSSIAN
from tcp_server.texts.texts import Texts


def lines(texts: Texts) -> dict[str, str]:
    """Return each text by its field and key."""
    found = {}
    for field, value in asdict(texts).items():
        if isinstance(value, str):
            found[field] = value
        elif isinstance(value, Mapping):
            found |= {f"{field} {key}": text for key, text in value.items()}
    return found


def variables(text: str) -> set[str]:
    return {field for _, field, _, _ in Formatter().parse(text) if field}


def test_all_languages_have_the_same_texts_and_variables() -> None:
    assert set(LANGUAGES) == set(get_args(Language))
    expected = {key: variables(text) for key, text in lines(RUSSIAN).items()}
    for texts in LANGUAGES.values():
        assert {key: variables(text) for key, text in lines(texts).items()} == expected


@pytest.mark.parametrize("texts", LANGUAGES.values(), ids=LANGUAGES)
def test_each_act_has_its_words(texts: Texts) -> None:
    assert {kind.partition("_")[0] for kind in texts.notices} == set(get_args(Act))


@pytest.mark.parametrize("texts", LANGUAGES.values(), ids=LANGUAGES)
def test_the_sender_of_notices_is_no_name(texts: Texts) -> None:
    with pytest.raises(BadName):
        parse_name(texts.system_name, 32)


@pytest.mark.parametrize(
    "name", ["Only", "Here", "Nobody", "Theodor", "Andrew", "Notburga", "You", "Adam", "Говори"]
)
def test_first_words_of_lines_alone_are_names(name: str) -> None:
    assert parse_name(name, 32).shown == name


@pytest.mark.parametrize(
    ("seconds", "russian", "english"),
    [
        (0, "1 с", "1 s"),
        (0.1, "1 с", "1 s"),
        (59.2, "1 мин", "1 min"),
        (60, "1 мин", "1 min"),
        (5400, "1 ч 30 мин", "1 h 30 min"),
        (90061, "1 д 1 ч 1 мин 1 с", "1 d 1 h 1 min 1 s"),
        (864000, "10 д", "10 d"),
    ],
)
def test_a_duration_is_rounded_up_to_whole_seconds(seconds: float, russian: str, english: str) -> None:
    assert (RUSSIAN.duration(seconds), ENGLISH.duration(seconds)) == (russian, english)
