"""What was printed last is printed anew when the terminal has another width."""

from datetime import UTC
from functools import partial

import pytest

from chat_client.events import NewMessage, RequestFailed, SearchResults
from chat_protocol.address import Address
from chat_protocol.messages import Joined, Left, Message
from cli_client.actions import bound, describe
from cli_client.config_file import Config
from cli_client.layout import Fragments
from cli_client.render import Renderer
from cli_client.translations import Translations
from tests.chat_client.fake_room import AT, FakeRoom, message
from tests.cli_client.test_render import text_of
from tests.cli_client.tmux_session import tmux_client
from tests.support.requirements import needs_tmux

CODE = "смотри:\n```python\nfor number in range(1, 1000): print(number, number * number)\n```"
TEXT = " ".join(["слово"] * 30)
NAMES = [f"Участник-{number}" for number in range(20)]


class Shown:
    """A terminal in which lines of all kinds have been printed; its width can be set."""

    def __init__(self, columns: int) -> None:
        self.columns = columns
        texts, address = Translations("en"), Address("127.0.0.1", 8080)
        output = self.output = Renderer(texts, address, lambda: self.columns, UTC)
        keys = describe(bound(Config()), "en")
        self.printed: Fragments = [
            *output.printed(partial(output.line, "greeting", address=TEXT)),
            *output.render(NewMessage(message(1, text=CODE), own=False)),
            *output.render(Joined("Вера", AT)),
            *output.render(Left(NAMES[0], AT)),
            *output.printed(partial(output.typed, f"/ignore {TEXT}")),
            *output.printed(partial(output.answer_lines, keys)),
            *output.printed(partial(output.members, NAMES)),
            *output.render(RequestFailed("forbidden", TEXT)),
            *output.printed(partial(output.answer, TEXT)),
            *output.render(SearchResults([message(1)], more=False, query=TEXT)),
            *output.render(NewMessage(Message(2, "2026-11-23T05:43:03Z", "Боря", TEXT), own=False)),
        ]


@pytest.mark.parametrize("columns", [24, 40, 100, 200])
def test_lines_of_all_kinds_are_wrapped_anew(columns: int) -> None:
    shown = Shown(80)
    before = shown.printed
    shown.columns = columns
    anew = Shown(columns).printed
    assert anew != before
    assert shown.output.again(1000) == anew
    assert all(len(line) <= columns for line in text_of(anew).splitlines())
    last = text_of(anew).splitlines()[-3:]
    assert text_of(shown.output.again(3)).splitlines() == last
    shown.columns = 80
    assert shown.output.again(1000) == before


@needs_tmux
def test_an_answer_and_a_frame_in_a_window_that_changes_its_width(room: FakeRoom) -> None:
    with tmux_client(room.address, columns=100, rows=120) as terminal:
        code = message(1, text=CODE)
        room.accept().welcome(messages=[code], members=["Анна", *NAMES])
        terminal.wait_for(lambda lines: lines[-3].endswith("Участник-9") and lines[-2] == "›")
        for command in ("/keys", "/who"):
            terminal.enter_line(command)
            terminal.wait_for(lambda lines: lines[-2] == "›" and any(command in line for line in lines))  # noqa: B023
        for columns in (40, 100, 24):
            terminal.resize(columns)
            output = Renderer(Translations("en"), room.address, lambda: columns)  # noqa: B023
            output.colours.me = "Анна"
            printed = [
                *output.render(NewMessage(code, own=False)),
                *output.line("history_end"),
                *output.line("entered", name="Анна"),
                *output.members(["Анна", *NAMES]),
                *output.typed("/keys"),
                *output.answer_lines(describe(bound(Config()), "en")),
                *output.typed("/who"),
                *output.members(["Анна", *NAMES]),
            ]
            lines = [line.rstrip() for line in text_of(printed).splitlines()] + ["›", "● Анна · 21 here"]
            terminal.wait_for(lambda seen: seen[-len(lines) :] == lines)  # noqa: B023
