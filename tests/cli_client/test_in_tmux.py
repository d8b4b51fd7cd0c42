"""What only a whole terminal shows: clusters of characters, and a window that becomes narrower."""

from chat_client.events import NewMessage
from chat_protocol.messages import Say
from cli_client.render import Renderer
from cli_client.rows import input_rows
from cli_client.translations import Translations
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
        terminal.wait_for(lambda lines: lines[-2:] == ["› ура", "● Анна · 1 here"])
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
        assert transcript[-9:-4] == [f"05:43 Боря: сообщение {n}  #{n}" for n in range(1, 6)]
        assert transcript[-1] == "05:43 Боря: сообщение 6  #6"
        assert not any(line.startswith("›") for line in transcript)


def is_full(screen: list[str]) -> bool:
    """Whether no row of a screen is blank, and one has the prompt."""
    return all(screen) and screen.count("›") == 1


def test_the_last_screen_is_wrapped_anew(room: FakeRoom) -> None:
    with tmux_client(room.address, rows=20) as terminal:
        messages = [message(n, text=" ".join([f"слово-{n}"] * 14)) for n in range(1, 12)]
        room.accept().welcome(messages=messages)
        terminal.wait_for(lambda lines: lines[-1] == "● Анна · 1 here")
        for columns in (44, 110, 60):
            terminal.resize(columns)
            output = Renderer(Translations("en"), room.address, lambda: columns)  # noqa: B023
            printed = "".join(text for _, text in output.render(NewMessage(messages[-1], own=False)))
            last = [*printed.splitlines()[1:], "── now ──", "You have joined as Анна."]
            last += ["» Nobody else is here yet.", "›", "● Анна · 1 here"]
            terminal.wait_for(lambda lines: lines[-len(last) :] == last)  # noqa: B023
            terminal.wait_for(lambda _: is_full(terminal.run("capture-pane", "-p").splitlines()))


def test_what_others_have_printed_stays_above_a_few_lines(room: FakeRoom) -> None:
    with tmux_client(room.address, rows=20) as terminal:
        room.accept().welcome()
        shown = ["» Nobody else is here yet.", "›", "● Анна · 1 here"]
        before = terminal.wait_for(lambda lines: lines[-3:] == shown)
        terminal.resize(100)
        terminal.wait_for(lambda lines: lines == [*before[:-2], *before])
