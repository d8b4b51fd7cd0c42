"""One emoji, in whatever form keyboards write it, or by its name."""

import subprocess
import sys
import unicodedata

import pytest

from chat_protocol.contract import MAX_EMOJI
from chat_protocol.emoji import EMOJI_FILE, emojis_by_name, find_emoji
from chat_protocol.text import clean

ALL = [line.split(" ")[0] for line in EMOJI_FILE.read_text().splitlines() if not line.startswith("# ")]


@pytest.mark.parametrize(
    ("text", "emoji"),
    [
        ("👍", "👍"),
        ("❤️", "❤️"),
        ("❤", "❤️"),
        ("👍\ufe0f", "👍"),
        ("#⃣", "#️⃣"),
        ("☝🏽", "☝🏽"),
        ("👩🏽\u200d🚀", "👩🏽\u200d🚀"),
        ("👩\u200d❤\u200d👨", "👩\u200d❤️\u200d👨"),
        ("🇷🇺", "🇷🇺"),
        (":+1:", "👍"),
        (":TADA:", "🎉"),
        (":алое_сердце:", "❤️"),
        (":cat:", "🐱"),
    ],
)
def test_an_emoji_is_found_in_its_full_form(text: str, emoji: str) -> None:
    assert find_emoji(text) == emoji


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        "::",
        ":)",
        "a",
        "1",
        "#",
        "+1",
        "👍👍",
        "👍 ",
        " 👍",
        "🏽",
        "🇷",
        "👩\u200d",
        "\ufe0f",
        ":frob:",
        "👍:",
    ],
)
def test_all_else_is_none(text: str) -> None:
    assert find_emoji(text) is None


def test_every_emoji_survives_the_way_through_the_room() -> None:
    assert len(ALL) > 3900
    for emoji in ALL:
        assert find_emoji(emoji) == emoji
        assert len(emoji) <= MAX_EMOJI
        assert clean(emoji) == emoji


def test_names_can_be_typed() -> None:
    for name, emoji in emojis_by_name().items():
        assert find_emoji(f":{name}:") == emoji
        assert len(name) <= MAX_EMOJI - 2
        assert not any(char.isspace() or char in ":\\" for char in name)
        assert unicodedata.normalize("NFC", name).lower() == name


def test_the_list_is_not_read_before_it_is_needed() -> None:
    program = (
        "import chat_protocol.emoji as e, cli_client.commands; assert not e._emojis.cache_info().currsize"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
