"""Messages of people whom the person at the terminal ignores."""

from pathlib import Path
from typing import cast

from msgspec.structs import replace

from chat_client.chat import Chat
from chat_client.events import Entered, MessageChanged, NewMessage, OlderMessages
from chat_protocol.messages import Joined, Notice
from cli_client.completion import Completion
from cli_client.ignored import Ignored
from cli_client.render import Renderer
from tests.chat_client.fake_room import AT, FakeRoom, message
from tests.cli_client.terminal_session import ENTER, client_at, enter, leave
from tests.cli_client.test_completion import FakeChat
from tests.cli_client.test_notifier import Terminal, notifier, tell
from tests.cli_client.test_render import renderer, text_of


def of_borya() -> Ignored:
    ignored = Ignored()
    ignored.add("Боря")
    return ignored


def without_borya(lang: str = "en") -> Renderer:
    output = renderer(lang=lang, ignored=of_borya())
    output.render(NewMessage(message(1, "Вера"), own=False))  # the date is printed
    return output


def test_hidden_messages_are_one_line_that_grows() -> None:
    output = without_borya()
    assert output.render(NewMessage(message(2), own=False)) == []
    assert list(map(text_of, output.waiting())) == ["05:43 ⋯ 1 hidden message · /show #2\n"]
    assert output.render(NewMessage(message(4, "БОРЯ"), own=False)) == []
    output.render(Joined("Ира", AT))
    (hidden, came) = map(text_of, output.waiting())
    assert hidden == "05:43 ⋯ 2 hidden messages · #2–#4\n"
    shown = text_of(output.render(NewMessage(message(5, "Вера", "да"), own=False)))
    assert shown == f"{hidden}{came}05:43 Вера: да  #5\n"
    assert output.waiting() == []
    assert text_of(output.again(50)).endswith(shown)  # as it is printed anew for another width


def test_the_words_for_hidden_messages() -> None:
    output = without_borya("ru")
    seen: list[str] = []
    for number in range(2, 7):
        output.render(NewMessage(message(number), own=False))
        seen += map(text_of, output.waiting())
    assert [line.split("⋯ ")[1] for line in seen] == [
        "1 скрытое сообщение · /show #2\n",
        "2 скрытых сообщения · #2–#3\n",
        "3 скрытых сообщения · #2–#4\n",
        "4 скрытых сообщения · #2–#5\n",
        "5 скрытых сообщений · #2–#6\n",
    ]


def test_what_is_hidden() -> None:
    ignored = of_borya()
    assert ignored.hides(message(1))
    assert ignored.hides(message(1, "боря"))
    assert not ignored.hides(message(1, "Борис"))
    assert not ignored.hides(replace(message(1), mine=True))
    assert not ignored.hides(replace(message(1), notice=Notice("announce", "Боря", text="!")))


def test_changes_of_a_hidden_message_are_not_told() -> None:
    output, now = without_borya(), replace(message(2), text="иначе")
    event = MessageChanged(now, message(2), "edit", "Боря", AT, own=False, id=9)
    assert output.render(event) == []
    assert output.waiting() == []


def test_older_messages_and_what_is_unread() -> None:
    output = without_borya()
    messages = [message(2, "Вера"), message(3), message(4), message(5, "Вера")]
    lines = text_of(output.render(OlderMessages(messages))).splitlines()
    assert lines[1:-1] == [
        "05:43 Вера: сообщение 2  #2",
        "05:43 ⋯ 2 hidden messages · #3–#4",
        "05:43 Вера: сообщение 5  #5",
    ]
    shown = text_of(output.render(OlderMessages([message(3)], target=3)))
    assert "05:43 Боря: сообщение 3  #3" in shown
    entered = Entered("Анна", False, False, messages[1:], 0, ["Анна"], read=4)
    lines = text_of(without_borya().render(entered)).splitlines()
    assert lines[:3] == ["05:43 ⋯ 2 hidden messages · #3–#4", "── unread ──", "05:43 Вера: сообщение 5  #5"]


def test_they_ring_no_bell() -> None:
    terminal = Terminal()
    made = notifier(terminal, "all", ignored=of_borya())
    tell(made, message(1))
    assert (terminal.raw, made.news()) == ("", [])
    tell(made, message(2, "Вера"))
    assert terminal.raw == "\a"


def test_the_names_are_kept(tmp_path: Path) -> None:
    folder = tmp_path / "room"
    one, other = Ignored(folder), Ignored(folder)
    one.add("Боря")
    other.add("Eve  Smith")  # what the first has kept is not lost
    assert (folder / "ignored").stat().st_mode & 0o777 == 0o600
    assert Ignored(folder).names == ["Боря", "Eve Smith"]
    assert one.remove("eve smith")
    assert not one.remove("eve smith")
    assert Ignored(folder).names == ["Боря"]


def test_names_that_cannot_be_kept_hold_until_the_end(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_bytes(b"")
    ignored = Ignored(blocked)
    ignored.add("Боря")
    ignored.add("Ева")
    assert ignored.names == ["Боря", "Ева"]
    (tmp_path / "ignored").write_bytes(b"\xff\n")
    assert Ignored(tmp_path).names == []


def test_the_names_are_completed() -> None:
    completion = Completion(cast("Chat", FakeChat()), of_borya(), lambda: None)
    assert completion.complete("/ign") == "/ignore "
    assert completion.complete("/ignore анн") == "/ignore Анна"
    assert completion.complete("/unignore ") == "/unignore Боря"


def test_ignoring_in_a_terminal(room: FakeRoom, tmp_path: Path) -> None:
    with client_at(room.address, "--name", "Анна", XDG_STATE_HOME=str(tmp_path)) as terminal:
        client = enter(room, terminal)
        terminal.type("/unignore", ENTER)
        terminal.wait_for("Whose messages are to be shown again?")
        terminal.type("\x03")
        terminal.type("/ignore анна", ENTER)
        terminal.wait_for("Your own messages cannot be hidden.")
        terminal.type("\x03")
        terminal.enter_line("/ignore @Боря")
        terminal.wait_for("The messages of Боря are hidden here")
        client.send(message(1))
        terminal.wait_for("⋯ 1 hidden message · /show #1")
        terminal.enter_line("/ignore")
        lines = terminal.wait_for("» Their messages are hidden here: Боря")
        assert not any("сообщение 1" in line for line in lines)
        leave(terminal, client)
    with client_at(room.address, "--name", "Анна", XDG_STATE_HOME=str(tmp_path)) as terminal:
        client = room.accept()
        client.welcome(members=["Анна", "Боря"], messages=[message(1)])
        terminal.wait_for("⋯ 1 hidden message · /show #1")
        terminal.enter_line("/show 1")
        terminal.wait_for("Боря: сообщение 1  #1")
        terminal.enter_line("/unignore Боря")
        terminal.wait_for("The messages of Боря are shown again.")
        client.send(message(2))
        terminal.wait_for("Боря: сообщение 2  #2")
        terminal.type("/unignore Боря", ENTER)
        terminal.wait_for("are not hidden; /ignore lists whose are.")
        terminal.type("\x03")
        terminal.enter_line("/ignore")
        terminal.wait_for("» Nobody’s messages are hidden here.")
        leave(terminal, client)
