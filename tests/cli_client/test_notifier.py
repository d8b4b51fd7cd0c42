"""The title of the window, bells and notifications."""

from collections.abc import Mapping

import pytest
from msgspec.structs import replace
from prompt_toolkit.output import DummyOutput

from chat_client.events import Entered, NewMessage
from chat_protocol.address import Address
from chat_protocol.messages import About, Message, Notice, Quote
from cli_client.arguments import When
from cli_client.ignored import Ignored
from cli_client.notifier import Notifier
from cli_client.translations import Translations
from tests.chat_client.fake_room import message

CALLED = replace(message(5, "Борис", "@Анна, привет"), mentions=["Анна"])

ENTERED = Entered("Анна", rejoined=False, new_log=False, messages=[CALLED], missed=0, members=[])


class Terminal(DummyOutput):
    """Records titles, and what else is written."""

    def __init__(self) -> None:
        self.titles: list[str] = []
        self.raw = ""

    def set_title(self, title: str) -> None:
        self.titles.append(title)

    def clear_title(self) -> None:
        self.titles.append("")

    def write_raw(self, data: str) -> None:
        self.raw += data


@pytest.fixture
def terminal() -> Terminal:
    return Terminal()


def notifier(
    terminal: Terminal,
    when: When = "mentions",
    environment: Mapping[str, str] | None = None,
    lang: str = "en",
    ignored: Ignored | None = None,
) -> Notifier:
    """Return that of Анна, who has just entered."""
    address, hidden = Address("chat", 8080), ignored or Ignored()
    made = Notifier(Translations(lang), address, terminal, when, environment or {}, hidden)
    made.start()
    made.note(ENTERED)
    made.tell()
    terminal.raw = ""
    return made


def tell(made: Notifier, *messages: Message) -> None:
    for new in messages:
        made.note(NewMessage(new, own=new.mine))
    made.tell()


def test_a_terminal_with_the_focus_counts_but_is_silent(terminal: Terminal) -> None:
    made = notifier(terminal)
    made.note(NewMessage(CALLED, own=False))
    made.tell(has_focus=True)
    made.tell()
    assert terminal.raw == ""
    assert terminal.titles[-1] == "1 new, 1 for you · Oneroom · chat:8080"
    tell(made, CALLED)
    assert terminal.raw == "\a"


def test_the_title_counts_what_has_come_since_the_last_key(terminal: Terminal) -> None:
    made = notifier(terminal)
    tell(made, message(1), replace(message(2, "Анна"), mine=True), CALLED)
    tell(made, replace(message(3), reply=Quote(2, "Анна", "…")), replace(CALLED, mentions=["all"]))
    made.read()
    made.read()
    made.stop()
    title = "Oneroom · chat:8080"
    told = [title, f"2 new, 1 for you · {title}", f"4 new, 3 for you · {title}", title, ""]
    assert terminal.titles == told
    tell(notifier(terminal, lang="ru"), message(1))
    assert terminal.titles[-1] == f"1 новое · {title}"


def test_the_title_names_the_room_once_it_is_known(terminal: Terminal) -> None:
    made = notifier(terminal)
    made.note(About(f"Класс 9Б\x07{'!' * 100}"))
    made.tell()
    assert terminal.titles[-1] == f"Класс 9Б{'!' * 56} · chat:8080"
    made.note(replace(ENTERED, title="Сети"))
    tell(made, message(1))
    assert terminal.titles[-1] == "1 new · Сети · chat:8080"


def test_what_was_said_while_offline_counts_and_the_rooms_notices_do_not(terminal: Terminal) -> None:
    made = notifier(terminal)
    back = Entered("Анна", rejoined=True, new_log=False, messages=[CALLED, message(6)], missed=0, members=[])
    made.note(back)
    tell(made, Message(7, CALLED.at, "Сервер", "…", Notice("kick", by="Вера", target="Боря")))
    assert terminal.titles[-1].startswith("2 new, 1 for you")
    tell(made, Message(8, CALLED.at, "Сервер", "…", Notice("announce", by="Вера", text="Обед")))
    assert terminal.titles[-1].startswith("3 new")


@pytest.mark.parametrize(("when", "bells"), [("none", 0), ("mentions", 1), ("all", 2)])
def test_the_bell_rings_once_for_what_comes_at_once(terminal: Terminal, when: When, bells: int) -> None:
    made = notifier(terminal, when)
    tell(made, message(1), message(2))
    tell(made, CALLED, CALLED)
    assert terminal.raw == "\a" * bells


@pytest.mark.parametrize(
    ("environment", "written"),
    [
        ({"TERM": "xterm-256color"}, "\a"),
        ({"TERM_PROGRAM": "iTerm.app"}, "\x1b]9;Oneroom · Борис: @Анна, привет\a"),
        ({"TERM": "xterm-kitty"}, "\x1b]9;Oneroom · Борис: @Анна, привет\a"),
        ({"TERM": "foot-extra"}, "\x1b]777;notify;Oneroom · Борис;@Анна, привет\a"),
        ({"TERM": "foot", "TMUX": "/tmp/tmux-0/default"}, "\a"),
        ({"TERM": "screen", "STY": "1.x", "TERM_PROGRAM": "WezTerm"}, "\a"),
    ],
)
def test_a_terminal_that_can_notifies(terminal: Terminal, environment: dict[str, str], written: str) -> None:
    tell(notifier(terminal, environment=environment), CALLED)
    assert terminal.raw == written


def test_a_notification_has_no_marks(terminal: Terminal) -> None:
    tells = notifier(terminal, "all", {"TERM_PROGRAM": "iTerm.app"})
    tells.note(NewMessage(message(7, "Борис", "**Сбор** в\n`пять`"), own=False))
    tells.tell()
    assert terminal.raw == "\x1b]9;Oneroom · Борис: Сбор в пять\a"


def test_nothing_of_others_ends_the_sequence(terminal: Terminal) -> None:
    hostile = replace(CALLED, name="a;\x07b\x1b\\c\x9c", text="\x07\x1b[2J\x9bx\n" + "y" * 9000)
    tell(notifier(terminal, environment={"TERM": "foot"}), hostile)
    assert terminal.raw.startswith("\x1b]777;notify;Oneroom · a,b")
    assert terminal.raw[1:-1].isprintable()
    assert len(terminal.raw) < 300
