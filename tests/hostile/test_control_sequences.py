"""No control sequence from a client or a server reaches a terminal, in names or in texts."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final

import pytest
from msgspec import structs

from chat_protocol.messages import (
    BanEntry,
    Bans,
    Bye,
    Error,
    Event,
    Found,
    HistoryPage,
    HistoryRequest,
    Join,
    Joined,
    Leave,
    Left,
    Message,
    Notice,
    Say,
    Search,
    Throttled,
    Typing,
    Whois,
)
from tests.chat_client.fake_room import AT, FakeRoom
from tests.cli_client.terminal_session import CTRL_D, ENTER, client_at
from tests.cli_client.test_pipe import run_pipe
from tests.support.processes import Program, running
from tests.support.raw import PROMPT, JsonClient, RawClient

CONTROLS: Final = tuple(map(chr, (*range(0x20), *range(0x7F, 0xA0))))
BIDI: Final = tuple("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
SEPARATORS: Final = ("\u2028", "\u2029")
SEQUENCES: Final = tuple(
    introducer + rest
    for introducers, rests in (
        (  # CSI
            ("\x1b[", "\x9b"),
            (
                "2J",
                "31m",
                "6n",
                "c",
                ">c",
                "?1049h",
                "?25l",
                "8;1;1t",
                "20t",
                "1;1H",
                "201~",
                "?2004h",
                "s",
                "5i",
            ),
        ),
        (  # OSC: title, hyperlink, clipboard, notification, working directory
            ("\x1b]", "\x9d"),
            (
                *("0;owned\x07", "2;owned\x1b\\", "8;;file:///etc/passwd\x07link\x1b]8;;\x07"),
                *("52;c;cm0gLXJm\x07", "52;c;?\x9c", "9;note\x07", "7;file:///\x07", "1337;File=:AA\x07"),
            ),
        ),
        (("\x1bP", "\x90"), ('$q"p\x1b\\', "+q544e\x9c", "1$r0m\x1b\\")),  # DCS
        (("\x1b_", "\x9f", "\x1b^", "\x9e", "\x1bX", "\x98"), ("Ga=q;AAAA\x1b\\", "x\x9c")),  # APC, PM, SOS
        (("\x1b",), ("c", "7", "8", "D", "E", "M", "Z", "=", ">", "(0", "#8", "%G", "n", "\x1b[A")),
    )
    for introducer in introducers
    for rest in rests
)
INJECTIONS: Final = (*CONTROLS, *BIDI, *SEPARATORS, *SEQUENCES)

# The sequences that prompt_toolkit itself uses: colours, cursor, erasing, private modes.
_ALLOWED: Final = re.compile(r"\x1b\[\??[0-9;]*([ABCDGHJKhlm])")
# The title of the window is the client's own, and the terminal's own one is put aside meanwhile.
_TITLE: Final = re.compile(
    r"\x1b\]2;(\d+ new(, \d+ for you)? · )?(Oneroom · 127\.0\.0\.1:\d+)?\x07|\x1b\[2[23];2t"
)
_COMMON: Final = re.compile(r"\x1b\[([0-9]*[ABCDG]|[JK]|0[0-9;]*m)")
_FORBIDDEN: Final = frozenset({*CONTROLS, *BIDI, *SEPARATORS} - {"\r", "\n"})
FLAGS: Final = (
    *("--host", "127.0.0.1", "--port", "0", "--history", "memory"),
    *("--rate", "0", "--grace", "0", "--name-timeout", "0"),
)


def sequences(received: bytes) -> set[str]:
    """Return the sequences sent to a terminal; fail on any other control character.

    Leaves out those that every screen needs: steps of the cursor, erasing behind it, and
    styles, before which prompt_toolkit resets the previous one.
    """
    text = _TITLE.sub("", received.decode())
    found = {match[0] for match in _ALLOWED.finditer(text) if not _COMMON.fullmatch(match[0])}
    left = _ALLOWED.sub("", text).replace("\b", "")
    reached = {char for char in left if char in _FORBIDDEN}
    assert not reached, ascii(sorted(reached))
    return found


def test_the_list_of_injections_is_complete() -> None:
    assert len(CONTROLS) == 65
    assert all(unicodedata.category(char) == "Cc" for char in CONTROLS)
    assert len(INJECTIONS) > 130


# --- from a client, through the real server -----------------------------------------------


@pytest.fixture
def program() -> Iterator[Program]:
    with running("tcp_server", *FLAGS) as program:
        yield program
        assert not any(char in _FORBIDDEN for char in program.stderr.text)


def refusal_of(name: str) -> str:
    """Return the code of the error for a name with control sequences, of which some are long."""
    return "name_too_long" if len("".join(name.split())) > 32 else "name_invalid"


@pytest.mark.parametrize("form", ["{0}", "{0}Ева", "Е{0}ва", "Ева{0}"])
def test_names_with_controls_are_refused(program: Program, form: str) -> None:
    with JsonClient(program.address) as client:
        client.expect(PROMPT)
        for injection in INJECTIONS:
            name = form.format(injection)
            client.say_json(type="join", name=name)
            code = client.expect_json(type="error")["code"]
            assert code == refusal_of(name) or (code == "name_empty" and not name.strip())


def test_names_with_controls_are_refused_in_lines(program: Program) -> None:
    for injection in INJECTIONS:
        if "\n" in injection:
            continue
        with RawClient(program.address) as client:
            client.expect(PROMPT)
            client.send(f"Е{injection}ва\n")
            is_long = refusal_of(f"Е{injection}ва") == "name_too_long"
            why = "Это имя слишком длинное." if is_long else "В имени есть недопустимые знаки."
            client.expect(f"{why}\n{PROMPT}")


def say_all(program: Program, texts: Iterable[str]) -> None:
    """Say the texts and "конец" as a client that then leaves."""
    with JsonClient(program.address) as guest:
        guest.join("Ева")
        for number, text in enumerate((*texts, "конец")):
            guest.say_json(type="say", ref=str(number), text=text)
        guest.leave()


def test_texts_reach_lines_and_plain_without_controls(program: Program) -> None:
    with RawClient(program.address) as lines, RawClient(program.address) as plain:
        lines.send("Строка\n/who\n")
        lines.read_until("Строка\n")  # it has joined, and sees the next one join
        plain.expect(PROMPT)
        plain.send("Кусок")
        lines.read_until("Кусок присоединился к чату!\n")  # both have joined
        say_all(program, (f"а{injection}я" for injection in INJECTIONS))
        for client in (lines, plain):
            received = client.read_until("покинул чат.").decode()
            assert received.count("Ева: а") == len(INJECTIONS) - 1  # CR: the letter before it is overwritten
            assert set(re.findall(r"[!-~]+", received)) == {
                ":",
                "!",
                ".",
                "link",
            }  # no sequences
            assert not any(char in _FORBIDDEN - {"\t"} for char in received)


def sequences_shown_for(program: Program, texts: Iterable[str]) -> set[str]:
    """Return the sequences sent to a terminal while a client says these texts."""
    with client_at(program.address, "--name", "Анна", rows=60) as terminal:
        terminal.wait_for("here")
        say_all(program, texts)
        terminal.wait_for("Ева: конец")
        terminal.type(CTRL_D)
        assert terminal.end() == 0
        return sequences(terminal.received)


def test_texts_reach_our_terminal_without_controls(program: Program) -> None:
    harmless = sequences_shown_for(program, ["а[31mя"] * len(INJECTIONS))
    hostile = sequences_shown_for(program, [f"а{injection}я" for injection in INJECTIONS])
    assert hostile <= harmless


# --- from a server ----------------------------------------------------------------------------


def every_event(evil: str, number: int) -> list[Event]:
    """Return every kind of event, with `evil` in each text."""
    at = AT + evil
    said = Message(id=2 * number, at=at, name=f"Ева{evil}", text=f"текст{evil}")
    notice = Notice("kick", by=f"Модя{evil}", target=f"Боря{evil}", text=f"за дело{evil}")
    return [
        Joined(f"Ева{evil}", at),
        Typing(f"Ева{evil}"),
        said,
        structs.replace(said, id=2 * number + 1, at=AT, notice=notice),
        Error("unavailable" if number % 2 else f"новое{evil}", f"ошибка{evil}", suggestion=f"Ева{evil}"),
        Error(f"без слов{evil}", "", retry_after=60.0 if number % 2 else None),
        Error("muted_for" if number % 2 else "unknown", f"нужны слова{evil}"),
        Left(f"Ева{evil}", at, f"kicked{evil}"),
        Whois(f"Ева{evil}", [f"192.0.2.1{evil}"]),
        Bans([BanEntry(f"Ева{evil}", at, at, f"Модя{evil}", f"за дело{evil}")]),
    ]


def sequences_shown_for_events_with(room: FakeRoom, injections: Iterable[str]) -> set[str]:
    """Return the sequences sent to a terminal by a server that puts these into every event."""
    evil = "".join(injections)
    with client_at(room.address, "--name", "Анна", rows=60) as terminal:
        connection = room.accept()
        connection.welcome(
            members=["Анна", f"Ева{evil}"], messages=[Message(5, AT, f"Ева{evil}", f"было{evil}")]
        )
        terminal.wait_for("#5")
        for number, injection in enumerate(injections, 5):
            connection.send(*every_event(injection, number))
        connection.send(Throttled(0.1), Message(9999, AT, "Боря", "теперь поиск"))
        terminal.wait_for("#9999")
        terminal.type("/history", ENTER)
        connection.receive(HistoryRequest)
        connection.send(HistoryPage([Message(2, AT, f"Ева{evil}", f"было{evil}")], more=True))
        terminal.wait_for("#2")
        terminal.type("/search было", ENTER)
        connection.receive(Search)
        connection.send(Found([Message(3, AT, f"Ева{evil}", f"было{evil}")], more=False))
        terminal.wait_for("#3")
        terminal.type("/who", ENTER)
        terminal.wait_for("people here")
        terminal.type(CTRL_D)
        connection.receive(Leave)
        connection.send(Bye(f"left{evil}"))
        terminal.end()
        return sequences(terminal.received)


def test_events_of_a_server_reach_our_terminal_without_controls() -> None:
    with FakeRoom() as room:
        harmless = sequences_shown_for_events_with(room, ["[31m"] * len(INJECTIONS))
        hostile = sequences_shown_for_events_with(room, INJECTIONS)
    assert hostile <= harmless


def test_refusals_and_our_own_name_reach_our_terminal_without_controls() -> None:
    evil = "".join(INJECTIONS)
    with FakeRoom() as room, client_at(room.address, "--name", "Анна", rows=60) as terminal:
        connection = room.accept()
        connection.receive(Join)
        connection.send(Error("name_taken", f"занято{evil}", suggestion=f"Анна{evil}"))
        terminal.wait_for("Your name: Анна")
        terminal.type(ENTER)
        connection = room.accept()
        connection.receive(Join)
        connection.send(Error(f"новое{evil}", ""), Bye(f"пока{evil}"))
        terminal.wait_for("Trying again")
        connection = room.accept()
        connection.welcome(name=f"Анна{evil}", members=[f"Анна{evil}"])
        terminal.wait_for("You have joined as Анна")
        connection.send(Bye(f"пока{evil}"))
        room.accept().welcome(name=f"Анна{evil}", members=[f"Анна{evil}"])
        terminal.wait_for("Back online")
        terminal.type(CTRL_D)
        terminal.end()
        sequences(terminal.received)


def test_a_prompt_with_controls_does_not_reach_our_terminal() -> None:
    with FakeRoom() as room, client_at(room.address, "--name", "Анна") as terminal:
        room.accept("".join(SEQUENCES).encode())
        terminal.wait_for("is not a chat room")
        terminal.type(CTRL_D)
        terminal.end()
        sequences(terminal.received)


def test_texts_leave_the_pipe_without_controls(program: Program) -> None:
    with run_pipe(str(program.address), "--name", "Анна") as pipe:
        with JsonClient(program.address) as guest:
            members = guest.join("Боря")["members"]
            if "Анна" not in members:
                guest.expect_json(type="joined", name="Анна")
            guest.say_json(type="leave")
            guest.expect_json(type="bye")
        say_all(program, (f"а{injection}я" for injection in INJECTIONS))
        pipe.stdout.wait_for("Ева: конец")
        pipe.stdin.close()
        assert pipe.end() == 0
        assert not any(char in _FORBIDDEN - {"\t"} for char in pipe.stdout.text)
        assert not any(char in _FORBIDDEN for char in pipe.stderr.text)


def test_events_of_a_server_leave_the_pipe_without_controls() -> None:
    with FakeRoom() as room, run_pipe(str(room.address), "--name", "Анна") as pipe:
        connection = room.accept()
        connection.welcome(messages=[Message(1, AT, "Ева\x1b[31m\nБоря: привет", "\x1b]0;x\x07")], missed=1)
        for number, injection in enumerate(INJECTIONS, 1):
            connection.send(*every_event(injection, number))
        pipe.write("сказано\n")
        evil = "".join(INJECTIONS)
        connection.send(
            Error(f"без слов{evil}", "", ref=connection.receive(Say).ref), Message(9999, AT, "Боря", "конец")
        )
        pipe.stdout.wait_for("конец")
        pipe.stderr.wait_for("без слов")
        pipe.stdin.close()
        connection.receive(Leave)
        connection.send(Bye("left"))
        pipe.end()
        assert not any(char in _FORBIDDEN - {"\t"} for char in pipe.stdout.text)
        assert not any(char in _FORBIDDEN for char in pipe.stderr.text)
        assert not re.search(r"^Боря: привет", pipe.stdout.text, re.MULTILINE)
