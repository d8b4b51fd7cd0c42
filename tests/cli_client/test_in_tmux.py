"""What only a whole terminal shows: clusters of characters, and a window that becomes narrower."""

from chat_protocol.messages import Say
from cli_client.rows import input_rows
from tests.chat_client.fake_room import FakeRoom, message
from tests.cli_client.tmux_session import tmux_client
from tests.support.requirements import needs_tmux

pytestmark = needs_tmux


def test_what_is_seen_is_what_is_sent(room: FakeRoom) -> None:
    with tmux_client(room.address) as terminal:
        client = room.accept()
        client.welcome()
        terminal.wait_for(lambda lines: "● Анна · 1 here" in lines)
        terminal.write("ура 👍🏽 👨‍👩‍👧‍👦 🇷🇺 ok")
        terminal.wait_for(lambda lines: lines[-2].endswith("ok"))
        terminal.type(*["BSpace"] * 9)
        lines = terminal.wait_for(lambda lines: lines[-2] == "› ура")
        assert lines[-1] == "● Анна · 1 here"
        terminal.write(" e\u0301👍🏽x")
        terminal.type("Left", "Left", "Left", "Delete", "Enter")
        assert client.receive(Say).text == "ура 👍🏽x"


def test_a_draft_in_a_window_that_changes_its_width(room: FakeRoom) -> None:
    with tmux_client(room.address) as terminal:
        client = room.accept()
        client.welcome(messages=[message(number) for number in range(1, 6)])
        terminal.wait_for(lambda lines: "● Анна · 1 here" in lines)
        draft = " ".join(f"слово-{number}" for number in range(25))
        terminal.write(draft)
        for columns in (80, 60, 33, 45, 80, 40):
            terminal.resize(columns)
            rows = input_rows([("", "› ")], draft, 0, columns - 1).rows
            shown = ["".join(cell[1] for cell in row).rstrip() for row in rows] + ["● Анна · 1 here"]
            terminal.wait_for(lambda lines: lines[-len(shown) :] == shown)  # noqa: B023
        client.send(message(6))
        lines = terminal.wait_for(lambda lines: "сообщение 6" in lines[-len(shown) - 1])
        transcript = lines[: -len(shown)]
        assert transcript[-8:-3] == [f"05:43 Боря: сообщение {n}  #{n}" for n in range(1, 6)]
        assert transcript[-1] == "05:43 Боря: сообщение 6  #6"
        assert not any(line.startswith("›") for line in transcript)
