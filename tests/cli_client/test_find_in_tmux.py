"""Finding what was shown, as it is typed and seen in a whole terminal."""

from collections.abc import Iterator
from contextlib import contextmanager

from chat_protocol.messages import Error, Say
from tests.chat_client.fake_room import CAN, FakeConnection, FakeRoom, message
from tests.cli_client.tmux_session import TmuxSession, tmux_client
from tests.support.requirements import needs_tmux

pytestmark = needs_tmux

BAR = "● Анна · 2 here"
KEYS = "↑ ↓ choose, Enter shows that message among others, Esc goes back"
TALK = [
    message(1, text="кто принесёт Чай?"),
    message(2, "Вера", "я"),
    message(3, text="а лимон?"),
    message(4, "Вера", "и " + "очень " * 20 + "много чая"),
]


@contextmanager
def entered(room: FakeRoom, columns: int) -> Iterator[tuple[TmuxSession, FakeConnection]]:
    """A terminal of so many columns in the room, and the room's end of its connection."""
    with tmux_client(room.address, columns=columns) as terminal:
        client = room.accept()
        client.welcome(messages=TALK, members=["Анна", "Боря"], can=CAN)
        terminal.wait_for(lambda lines: lines[-1] == BAR)
        yield terminal, client


def test_one_is_chosen_while_one_types_and_the_draft_stays(room: FakeRoom) -> None:
    with entered(room, columns=100) as (terminal, client):
        terminal.write("черновик")
        terminal.wait_for(lambda lines: lines[-2] == "› черновик")
        terminal.type("F3")
        terminal.wait_for(lambda lines: lines[-3:] == ["find:", KEYS, BAR])
        terminal.write("ЧАЙ")
        rows = ["› 22.11. 05:43 #1 Боря: кто принесёт Чай?", "find (1 of 1): ЧАЙ", KEYS, BAR]
        terminal.wait_for(lambda lines: lines[-4:] == rows)

        client.send(message(5, text="чай уже есть"))  # is shown meanwhile, and found
        rows = [
            "05:43 Боря: чай уже есть  #5",
            "  22.11. 05:43 #1 Боря: кто принесёт Чай?",
            "› 22.11. 05:43 #5 Боря: чай уже есть",
            "find (1 of 2): ЧАЙ",
        ]
        terminal.wait_for(lambda lines: lines[-6:-2] == rows)
        terminal.type("F3")  # as ↑ does
        rows = ["› 22.11. 05:43 #1 Боря: кто принесёт Чай?", "  22.11. 05:43 #5 Боря: чай уже есть"]
        terminal.wait_for(lambda lines: lines[-5:-2] == [*rows, "find (2 of 2): ЧАЙ"])
        terminal.type("Enter")
        shown = ["› /show #1", "── message #1 ──", "05:43 Боря: кто принесёт Чай?  #1", "05:43 Вера: я  #2"]
        end = ["── now ──", "› черновик", BAR]
        terminal.wait_for(lambda lines: lines[-3:] == end and "\n".join(shown) in "\n".join(lines))
        terminal.type("Enter")
        client.expect(Say("черновик"))


def test_it_is_left_and_found_again_in_a_narrow_terminal(room: FakeRoom) -> None:
    with entered(room, columns=40) as (terminal, _):
        terminal.type("F3")
        terminal.wait_for(lambda lines: "find:" in lines)
        terminal.write("много")
        row = "› 22.11. 05:43 #4 Вера: …ень много чая"
        terminal.wait_for(lambda lines: row in lines and "find (1 of 1): много" in lines)
        terminal.write("!")
        terminal.wait_for(lambda lines: row not in lines and "find (nothing): много!" in lines)
        terminal.type("BSpace")
        terminal.wait_for(lambda lines: row in lines)
        terminal.type("C-c")
        terminal.wait_for(lambda lines: row not in lines and lines[-2:] == ["›", BAR])

        terminal.enter_line("/find много")
        terminal.wait_for(
            lambda lines: (
                "── много: 1 in what was shown here ──" in lines and lines[-3:] == ["── now ──", "›", BAR]
            )
        )
        terminal.enter_line("/topic")
        terminal.wait_for(lambda lines: lines[-3] == "» No topic is set.")
        terminal.type("F3", "F3")  # what was found last
        terminal.wait_for(lambda lines: row in lines)
        terminal.type("C-u")
        terminal.write("topic")
        terminal.wait_for(lambda lines: "› » No topic is set." in lines and "find (1 of 1): topic" in lines)
        terminal.type("Enter")
        terminal.wait_for(lambda lines: lines[-4:] == ["» No topic is set."] * 2 + ["›", BAR])


def test_a_question_ends_it_and_the_draft_comes_back(room: FakeRoom) -> None:
    with entered(room, columns=80) as (terminal, client):
        terminal.write("черновик")
        terminal.type("F3")
        terminal.wait_for(lambda lines: "find:" in lines)
        terminal.write("чай")
        terminal.wait_for(lambda lines: "find (1 of 1): чай" in lines)
        client.close()
        room.refuse(Error("name_taken", "?", suggestion="Анна2"))
        terminal.wait_for(lambda lines: lines[-2] == "Your name: Анна2")
        terminal.type("Enter")
        room.accept().welcome(name="Анна2", members=["Анна2"])
        terminal.wait_for(lambda lines: lines[-2] == "› черновик")
