"""Acts on messages as they are typed and seen in a whole terminal."""

from collections.abc import Iterator
from time import monotonic

import pytest
from msgspec.structs import replace

from chat_protocol.message import redacted
from chat_protocol.messages import Changed, Delete, Edit, Message, Quote, React, Reaction, Say
from tests.chat_client.fake_room import CAN, LATER, FakeConnection, FakeRoom, message
from tests.cli_client.tmux_session import TmuxSession, tmux_client
from tests.support.requirements import needs_tmux
from tests.support.timing import TIMEOUT

pytestmark = needs_tmux

OWN = replace(message(5, "Анна", "превет"), mine=True)
OTHER = message(6, text="кто принесёт чай?")


@pytest.fixture
def terminal(room: FakeRoom) -> Iterator[TmuxSession]:
    with tmux_client(room.address) as terminal:
        yield terminal


@pytest.fixture
def client(room: FakeRoom, terminal: TmuxSession) -> FakeConnection:
    """The room's end of the connection; the room knows acts, and has a message of Анна and one of Боря."""
    client = room.accept()
    client.welcome(messages=[OWN, OTHER], members=["Анна", "Боря"], can=CAN)
    see(terminal, "● Анна · 2 here")
    return client


def see(terminal: TmuxSession, *wanted: str) -> None:
    """Wait until these lines stand in the transcript, one below the other."""

    def are_seen(lines: list[str]) -> bool:
        starts = [number for number, line in enumerate(lines) if line == wanted[0]]
        return any(lines[start : start + len(wanted)] == [*wanted] for start in starts)

    terminal.wait_for(are_seen)


def change(client: FakeConnection, number: int, now: Message, act: str, by: str = "Анна") -> None:
    client.send(Changed(number, LATER, by, act, now, mine=[] if by == "Анна" else None))


def test_what_is_typed_becomes_an_act_and_its_result_is_seen(
    terminal: TmuxSession, client: FakeConnection
) -> None:
    terminal.enter_line("/reply я принесу")
    client.ack(client.expect(Say("я принесу", reply=6)), 7)
    see(terminal, "      ↪ #6 Боря “кто принесёт чай?”", "05:43 Анна: я принесу  #7")

    terminal.enter_line("s/несу/несём/")
    ref = client.expect(Edit(id=7, text="я принесём"))
    change(client, 8, replace(message(7, "Анна", "я принесём"), edited=LATER), "edit")
    client.ack(ref, 8)
    see(terminal, "05:44 ✎ #7 Анна: я принесём")

    terminal.enter_line("+👍")
    ref = client.expect(React(id=6, emoji="👍"))
    change(client, 9, replace(OTHER, reactions=[Reaction("👍", 2, ["Боря", "Анна"])]), "react")
    client.ack(ref, 9)
    see(terminal, "05:44 #6 👍 2: Боря, Анна")

    terminal.enter_line("/delete #5")
    ref = client.expect(Delete(id=5))
    change(client, 10, redacted(OWN), "delete")
    client.ack(ref, 10)
    see(terminal, "05:44 ✗ #5 Анна: message deleted")

    terminal.enter_line("/me waves")
    client.ack(client.expect(Say("waves", kind="action")), 11)
    see(terminal, "05:43 * Анна waves  #11")


def test_what_others_do_is_seen(terminal: TmuxSession, client: FakeConnection) -> None:
    answer = replace(message(7, "Боря", "@Анна, да"), reply=Quote(5, "Анна", "превет"), mentions=["Анна"])
    client.send(answer)
    see(terminal, "      ↪ #5 Анна “превет”", "05:43 Боря: @Анна, да  #7")
    deadline = monotonic() + TIMEOUT
    while not terminal.title.startswith("1 new, 1 for you · Oneroom"):
        assert monotonic() < deadline, terminal.title
    change(client, 8, replace(answer, text="нет", edited=LATER), "edit", "Боря")
    change(client, 9, replace(OWN, reactions=[Reaction("🎉", 1, ["Боря"])]), "react", "Боря")
    change(client, 10, replace(message(2), text="давнее"), "edit", "Боря")  # was never shown
    change(client, 11, redacted(answer), "delete", "Боря")
    see(terminal, "05:44 ✎ #7 Боря: нет", "05:44 #5 🎉 1: Боря", "05:44 ✗ #7 Боря: message deleted")
    terminal.type("Left")
    while not terminal.title.startswith("Oneroom"):
        assert monotonic() < deadline, terminal.title


def test_tab_completes_and_a_pasted_short_form_is_said(terminal: TmuxSession, client: FakeConnection) -> None:
    for typed, completed in (("@б", "› @Боря "), ("#", "› @Боря #6 "), (":thumbs_u", "› @Боря #6 👍")):
        terminal.write(typed)
        terminal.type("Tab")
        terminal.wait_for(lambda lines: any(line == completed.rstrip() for line in lines[-3:]))  # noqa: B023
    terminal.type("Enter")
    assert client.receive(Say).text == "@Боря #6 👍"
    terminal.run("set-buffer", "+👍")
    terminal.run("paste-buffer", "-p")
    terminal.wait_for(lambda lines: "› \\+👍" in lines)
    terminal.type("Enter")
    assert client.receive(Say).text == "+👍"


def test_a_room_that_knows_no_acts_says_so(room: FakeRoom, terminal: TmuxSession) -> None:
    client = room.accept()
    client.welcome(messages=[OWN, OTHER])
    see(terminal, "● Анна · 1 here")
    terminal.enter_line("/react #6 👍")
    terminal.wait_for(lambda lines: "This room cannot do that." in lines)
    terminal.type("C-c")
    terminal.enter_line("+👍")
    assert client.receive(Say).text == "+👍"
