"""Being away from the terminal: by a command, or without a key for long; until the next key."""

from typing import Any, cast

import pytest

from chat_client.chat import Chat
from chat_protocol.messages import Away, Person
from cli_client import idle
from tests.chat_client.fake_room import FakeRoom
from tests.cli_client.terminal_session import ENTER, client_at, leave


class Told:
    """Stands for a chat."""

    def __init__(self) -> None:
        self.calls: list[tuple[bool, str]] = []

    def set_away(self, on: bool, why: str) -> None:
        self.calls.append((on, why))


def test_without_a_key_for_long_somebody_is_away_until_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(idle, "monotonic", lambda: now[0])
    told = Told()
    watched = idle.Idle(cast("Chat", cast("Any", told)))
    assert watched.look() == 600
    now[0] += 300
    watched.on_key()
    now[0] += 599
    assert watched.look() == 1
    assert told.calls == []
    now[0] += 1
    assert watched.look() == watched.look() == 600
    assert told.calls == [(True, "")]
    watched.on_key()
    watched.on_key()
    assert told.calls[1:] == [(False, "")]


def test_a_command_says_so_until_the_next_key(room: FakeRoom) -> None:
    with client_at(room.address, "--name", "Анна") as terminal:
        client = room.accept()
        client.welcome(members=["Анна", "Боря"], can=["away"], marked=[Person("Боря", moderator=True)])
        terminal.wait_for("2 here")
        terminal.enter_line("/away lunch")
        client.expect(Away(why="lunch"))
        terminal.wait_for("You are away until the next key.")
        client.send(Person("Анна", away=True, why="lunch"))
        terminal.wait_for("Анна · away")
        terminal.type("/")
        client.expect(Away(on=False))
        client.send(Person("Анна"), Person("Боря", moderator=True, away=True))
        terminal.wait_for(lambda lines: "Анна · 2 here" in lines[-1])
        terminal.type("who", ENTER)
        terminal.wait_for("Анна, Боря (moderator, away)")
        leave(terminal, client)
