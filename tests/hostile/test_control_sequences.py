"""No control sequence of anybody's reaches a terminal: not as a name, not as a text, not from a server."""

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
from tests.cli_client.fake_room import AT, FakeRoom
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

# All that prompt_toolkit itself says to a terminal: colours, cursor, erasing, private modes.
_OWN: Final = re.compile(r"\x1b\[\??[0-9;]*([ABCDGHJKhlm])")
_COMMON: Final = re.compile(r"\x1b\[([0-9]*[ABCDG]|[JK]|0[0-9;]*m)")
_FORBIDDEN: Final = frozenset({*CONTROLS, *BIDI, *SEPARATORS} - {"\r", "\n"})
FLAGS: Final = (
    *("--host", "127.0.0.1", "--port", "0", "--history", "memory"),
    *("--rate", "0", "--grace", "0", "--name-timeout", "0"),
)


def sequences(received: bytes) -> set[str]:
    """Return the sequences that a terminal was sent; fail if anything else steers it.

    Without those that any screen may need: steps of the cursor, erasing behind it, and
    styles, which prompt_toolkit begins by taking back the one before.
    """
    text = received.decode()
    found = {match[0] for match in _OWN.finditer(text) if not _COMMON.fullmatch(match[0])}
    left = _OWN.sub("", text).replace("\b", "")
    reached = {char for char in left if char in _FORBIDDEN}
    assert not reached, ascii(sorted(reached))
    return found


def test_the_list_is_whole() -> None:
    assert len(CONTROLS) == 65
    assert all(unicodedata.category(char) == "Cc" for char in CONTROLS)
    assert len(INJECTIONS) > 130


# --- a guest's, through the real server ---------------------------------------------------


@pytest.fixture
def program() -> Iterator[Program]:
    with running("tcp_server", *FLAGS) as program:
        yield program
        assert not any(char in _FORBIDDEN for char in program.stderr.text)


@pytest.mark.parametrize("form", ["{0}", "{0}Ева", "Е{0}ва", "Ева{0}"])
def test_no_name_has_any(program: Program, form: str) -> None:
    with JsonClient(program.address) as client:
        client.expect(PROMPT)
        for injection in INJECTIONS:
            client.say_json(type="join", name=form.format(injection))
            code = client.expect_json(type="error")["code"]
            assert code == "name_invalid" or (code == "name_empty" and not form.format(injection).strip())


def test_no_name_in_text_has_any(program: Program) -> None:
    for injection in INJECTIONS:
        if "\n" in injection:
            continue
        with RawClient(program.address) as client:
            client.expect(PROMPT)
            client.send(f"Е{injection}ва\n")
            client.expect(f"В имени есть недопустимые знаки.\n{PROMPT}")


def say_all(program: Program, texts: Iterable[str]) -> None:
    """Say the texts as a guest who then leaves, the last of them being "конец"."""
    with JsonClient(program.address) as guest:
        guest.join("Ева")
        for number, text in enumerate((*texts, "конец")):
            guest.say_json(type="say", ref=str(number), text=text)
        guest.say_json(type="leave")
        guest.read_until(b'"bye"')


def test_no_text_brings_any_to_bare_terminals(program: Program) -> None:
    with RawClient(program.address) as lines, RawClient(program.address) as plain:
        lines.send("Строка\n/who\n")
        lines.read_until("Строка\n")  # which is in now, to hear the next one come
        plain.expect(PROMPT)
        plain.send("Кусок")
        lines.read_until("Кусок присоединился к чату!\n")  # now both are in
        say_all(program, (f"а{injection}я" for injection in INJECTIONS))
        for client in (lines, plain):
            heard = client.read_until("покинул чат.").decode()
            assert heard.count("Ева: а") == len(INJECTIONS)
            assert not any(char in _FORBIDDEN - {"\t"} for char in heard)


def seen_at_a_terminal(program: Program, texts: Iterable[str]) -> set[str]:
    """Return the sequences that a terminal is sent while a guest says all this."""
    with client_at(program.address, "--name", "Анна", rows=60) as desk:
        desk.wait_for("here")
        say_all(program, texts)
        desk.wait_for("Ева: конец")
        desk.type(CTRL_D)
        assert desk.end() == 0
        return sequences(desk.received)


def test_no_text_brings_any_to_our_terminal(program: Program) -> None:
    harmless = seen_at_a_terminal(program, ["а[31mя"] * len(INJECTIONS))
    hostile = seen_at_a_terminal(program, [f"а{injection}я" for injection in INJECTIONS])
    assert hostile <= harmless


# --- a server's ------------------------------------------------------------------------------


def everything(evil: str, number: int) -> list[Event]:
    """Return all that a server can say, with `evil` wherever there is text."""
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


def told_at_a_terminal(room: FakeRoom, injections: Iterable[str]) -> set[str]:
    """Return the sequences that a terminal is sent while a server says all it can with those."""
    evil = "".join(injections)
    with client_at(room.address, "--name", "Анна", rows=60) as desk:
        seat = room.accept()
        seat.welcome(members=["Анна", f"Ева{evil}"], messages=[Message(5, AT, f"Ева{evil}", f"было{evil}")])
        desk.wait_for("#5")
        for number, injection in enumerate(injections, 5):
            seat.send(*everything(injection, number))
        seat.send(Throttled(0.1), Message(9999, AT, "Боря", "теперь поиск"))
        desk.wait_for("#9999")
        desk.type("/history", ENTER)
        seat.receive(HistoryRequest)
        seat.send(HistoryPage([Message(2, AT, f"Ева{evil}", f"было{evil}")], more=True))
        desk.wait_for("#2")
        desk.type("/search было", ENTER)
        seat.receive(Search)
        seat.send(Found([Message(3, AT, f"Ева{evil}", f"было{evil}")], more=False))
        desk.wait_for("#3")
        desk.type("/who", ENTER)
        desk.wait_for("people here")
        desk.type(CTRL_D)
        seat.receive(Leave)
        seat.send(Bye(f"left{evil}"))
        desk.end()
        return sequences(desk.received)


def test_no_server_brings_any_to_our_terminal() -> None:
    with FakeRoom() as room:
        harmless = told_at_a_terminal(room, ["[31m"] * len(INJECTIONS))
        hostile = told_at_a_terminal(room, INJECTIONS)
    assert hostile <= harmless


def test_no_refusal_and_no_name_of_ours_brings_any_to_our_terminal() -> None:
    evil = "".join(INJECTIONS)
    with FakeRoom() as room, client_at(room.address, "--name", "Анна", rows=60) as desk:
        seat = room.accept()
        seat.receive(Join)
        seat.send(Error("name_taken", f"занято{evil}", suggestion=f"Анна{evil}"))
        desk.wait_for("Your name: Анна")
        desk.type(ENTER)
        seat = room.accept()
        seat.receive(Join)
        seat.send(Error(f"новое{evil}", ""), Bye(f"пока{evil}"))
        desk.wait_for("Trying again")
        seat = room.accept()
        seat.welcome(name=f"Анна{evil}", members=[f"Анна{evil}"])
        desk.wait_for("You have joined as Анна")
        seat.send(Bye(f"пока{evil}"))
        room.accept().welcome(name=f"Анна{evil}", members=[f"Анна{evil}"])
        desk.wait_for("Back online")
        desk.type(CTRL_D)
        desk.end()
        sequences(desk.received)


def test_no_greeting_brings_any_to_our_terminal() -> None:
    with FakeRoom() as room, client_at(room.address, "--name", "Анна") as desk:
        room.accept("".join(SEQUENCES).encode())
        desk.wait_for("is not a chat room")
        desk.type(CTRL_D)
        desk.end()
        sequences(desk.received)


def test_none_passes_a_pipe(program: Program) -> None:
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


def test_no_server_sends_any_through_a_pipe() -> None:
    with FakeRoom() as room, run_pipe(str(room.address), "--name", "Анна") as pipe:
        seat = room.accept()
        seat.welcome(messages=[Message(1, AT, "Ева\x1b[31m\nБоря: привет", "\x1b]0;x\x07")], missed=1)
        for number, injection in enumerate(INJECTIONS, 1):
            seat.send(*everything(injection, number))
        pipe.write("сказано\n")
        evil = "".join(INJECTIONS)
        seat.send(Error(f"без слов{evil}", "", ref=seat.receive(Say).ref), Message(9999, AT, "Боря", "конец"))
        pipe.stdout.wait_for("конец")
        pipe.stderr.wait_for("без слов")
        pipe.stdin.close()
        seat.receive(Leave)
        seat.send(Bye("left"))
        pipe.end()
        assert not any(char in _FORBIDDEN - {"\t"} for char in pipe.stdout.text)
        assert not any(char in _FORBIDDEN for char in pipe.stderr.text)
        assert not re.search(r"^Боря: привет", pipe.stdout.text, re.MULTILINE)
