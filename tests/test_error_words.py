"""Each error of the protocol has words wherever people can meet it."""

import json
import re
from pathlib import Path

import pytest

from cli_client.english import ENGLISH
from cli_client.russian import RUSSIAN

ROOT = Path(__file__).parent.parent
MALFORMED = {"bad_json", "bad_field", "bad_frame", "join_first", "already_joined"}
"""What our clients do not send."""
OF_JOINS = {"password_required", "banned", "bad_code"}
"""After these they ask or say more than one line."""
OF_SENDERS = {"has_ended", "too_many_open", "too_much"}
"""Of the output of commands, which the page does not send."""


def codes() -> set[str]:
    section = (ROOT / "docs" / "protocol.md").read_text().split("### Errors")[1].split("\n### ")[0]
    rows = re.findall(r"^\| (`.*?`) \|", section, re.MULTILINE)
    return {code for row in rows for code in re.findall(r"`(\w+)`", row)} - MALFORMED - OF_JOINS


@pytest.mark.parametrize("words", [ENGLISH, RUSSIAN])
def test_the_terminal_has_words(words: dict[str, object]) -> None:
    assert [code for code in codes() if f"error_{code}" not in words] == []


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_page_has_words(language: str) -> None:
    words = json.loads((ROOT / "static" / "i18n" / f"{language}.json").read_text())
    assert [code for code in codes() - OF_SENDERS if f"error.{code}" not in words] == []
