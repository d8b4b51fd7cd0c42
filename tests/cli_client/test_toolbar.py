"""The status line."""

import pytest
from msgspec.structs import replace

from chat_client.conversation import Conversation
from chat_client.events import Phase, Status
from chat_protocol.address import Address
from cli_client.name_colours import NameColours
from cli_client.toolbar import Toolbar
from cli_client.translations import Translations
from cli_client.wrapping import cell_width, clip


def status(name: str) -> Status:
    return replace(Conversation(0, "").status(), phase=Phase.ONLINE, name=name, members=(name,))


@pytest.mark.parametrize("piece", ["x", "漢", "\U0001f1e6", "a\u0301", "\u0301", "\U0001f468\u200d"])
def test_long_names_are_clipped(piece: str) -> None:
    bar = Toolbar(Translations("en"), Address("127.0.0.1", 1), NameColours())
    name = (piece * 16000)[:16000]
    bar.set_typing(name)
    line = "".join(part[1] for part in bar.lines(status(name), 80)[-1])
    assert "typing" in line or "writing" in line
    assert len(line) < 1000
    assert cell_width(line) < 200


@pytest.mark.parametrize("name", ["Анна", "漢" * 32, "👩‍👩‍👧‍👦" * 4])
def test_short_names_are_not_clipped(name: str) -> None:
    assert clip(name, 64) == name


def test_in_a_narrow_terminal_what_is_new_goes_before_how_many_are_here() -> None:
    bar = Toolbar(Translations("en"), Address("127.0.0.1", 1), NameColours())
    bar.news = lambda: [("", "387 new, 2 for you")]
    shown = ["".join(text for _, text in bar.lines(status("Вера"), width)[-1]) for width in (40, 35)]
    assert shown == ["● Вера · 0 here · 387 new, 2 for you", "● Вера · 387 new, 2 for you"]
