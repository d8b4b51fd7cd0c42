"""The answer to each command has a bound, in every room and whatever the client sends."""

import json
from collections.abc import Iterator, Sequence
from typing import Any, get_args

import pytest
from msgspec import to_builtins

from chat_protocol import messages as m
from chat_protocol.commands import COMMANDS, ChangeOutput
from chat_protocol.contract import MAX_REPLY_LINE
from chat_protocol.emoji import emojis_by_name
from chat_protocol.errors import BadMessage
from tcp_server.dialects.dialect import Json, Lines
from tcp_server.dialects.output import JSON, LINES, Output
from tcp_server.log.memory_history import MemoryHistory
from tcp_server.log.query import Query, find
from tcp_server.room.commands import OutputChanged, Request
from tcp_server.room.members import Members
from tcp_server.room.moderation.bans import Sanction
from tcp_server.room.outcome import Outcome
from tcp_server.texts.languages import LANGUAGES
from tests.tcp_server.room_harness import RoomHarness

KIB = 1024
WIDE = "😀"
AT = "2026-11-22T05:43:03.120Z"
TEXT = WIDE * 4000
TALL = "\n\nx" * 1333
NAME = "\U00010400" * 26

# For each command its bound in lines, and an argument that is answered at length.
IN_LINES = {
    "who": (65 * KIB, ""),
    "history": (1024 * KIB, "99999"),
    "show": (20 * KIB, "#1"),
    "search": (1024 * KIB, "слон"),
    "reply": (4 * KIB, f"#1 {WIDE * 3999}"),
    "edit": (20 * KIB, f"#1 {WIDE * 3999}"),
    "react": (4 * KIB, "#1 👍"),
    "unreact": (4 * KIB, "#1 👍"),
    "me": (4 * KIB, WIDE * 3999),
    "link": (4 * KIB, ""),
    "code": (4 * KIB, "ABCD-EFGH"),
    "topic": (4 * KIB, WIDE * 300),
    "away": (4 * KIB, WIDE * 60),
    "back": (4 * KIB, ""),
    "help": (4 * KIB, ""),
    "quit": (4 * KIB, ""),
    "lang": (4 * KIB, "en"),
    "encoding": (4 * KIB, "utf-8"),
    "moderator": (4 * KIB, "страж"),
    "kick": (20 * KIB, f"{NAME} 1: {WIDE * 3999}"),
    "ban": (20 * KIB, f"{NAME} 2: {WIDE * 3999}"),
    "unban": (20 * KIB, f"10.0.0.1: {WIDE * 3999}"),
    "mute": (20 * KIB, f"{NAME} 3: {WIDE * 3999}"),
    "unmute": (20 * KIB, f"{NAME} 3: {WIDE * 3999}"),
    "delete": (20 * KIB, f"#2: {WIDE * 3999}"),
    "announce": (20 * KIB, WIDE * 3999),
    "whois": (4 * KIB, f"{NAME} 4"),
    "bans": (1024 * KIB, ""),
}
JUNK = ("", "x" * 60_000, WIDE * 15_000, "1" * 60_000 + "z", "x " * 30_000 + "1" * 1000 + "z", '"\\' * 30_000)


def find_all(history: MemoryHistory, request: m.Search) -> m.Found:
    found = find(request, Query(request.query), [history.before(9999, 9999)], lambda: False)
    assert found is not None
    return found


def full_room() -> RoomHarness:
    """Return a room with long lists of members, messages and bans, and a moderator at "a"."""
    history = MemoryHistory(10_000)
    harness = RoomHarness(history, moderator_password="страж")
    room: Any = harness.room
    room._requests._search = lambda connection, request, _person: [
        Outcome(connection, [find_all(history, request)])
    ]
    texts = [TALL, *["слон " + TEXT[:3995]] * 1000]
    for number, text in enumerate(texts, 1):
        history.append(m.Message(number, AT, NAME, text))
    for number in range(600):
        harness.join_as_text(str(number), f"{NAME} {number}")
        harness.addresses[str(number)] = "2001:db8:1111:2222:3333:4444:5555:6666"
    harness.join_as_moderator("a", "Анна")
    for number in range(1100):
        ban = Sanction(f"{NAME} x{number}", AT, None, "Анна", TEXT, (f"key {number}",))
        harness.sanctions.bans.people.put(ban, 0.0)
        harness.sanctions.mutes.put(ban, 0.0)
    return harness


@pytest.fixture(scope="module")
def room() -> RoomHarness:
    return full_room()


def size_of_answer(room: RoomHarness, request: Request, output: Output) -> int:
    """Let the moderator ask; return how many bytes the answer has."""
    if isinstance(request, ChangeOutput):  # is answered by the fan-out
        return len(output.encode([OutputChanged(request.charset)]))
    outcomes = room.room.handle("a", [request])
    if isinstance(request, m.Leave):
        room.received("a")
        room.join("a", "Анна")
        room.handle("a", m.Authenticate(room.password))
    return sum(len(output.encode(each.answer)) for each in outcomes if each.connection == "a")


def outputs() -> Iterator[Output]:
    for language in LANGUAGES:
        yield LINES.changed(ChangeOutput(language=language))


def parsed(line: str) -> Sequence[Request]:
    return Lines().decode(f"{line}\n".encode())


@pytest.mark.parametrize("name", COMMANDS)
def test_each_answer_in_lines(room: RoomHarness, name: str) -> None:
    bound, argument = IN_LINES[name]
    for output in outputs():
        (request,) = parsed(f"/{name} {argument}".rstrip())
        size = size_of_answer(room, request, output)
        assert size <= bound
        assert size > 0 or isinstance(request, m.Away)  # in json that has no answer
        for junk in JUNK:
            for request in parsed(f"/{name} {junk}".rstrip()):
                assert size_of_answer(room, request, output) <= bound


def test_the_lists_are_longer_than_their_answers(room: RoomHarness) -> None:
    """Otherwise the bounds would not be tested."""
    for line, least in (("/who", 60), ("/history 500", 200), ("/search слон", 200), ("/bans", 200)):
        (request,) = parsed(line)
        assert size_of_answer(room, request, LINES) > least * KIB


def test_messages_with_many_reactions_are_fewer_in_an_answer() -> None:
    history = MemoryHistory(1000)
    everybody = [f"{NAME} {number}" for number in range(3)]
    reactions = [m.Reaction(emoji, 3, everybody) for emoji in list(emojis_by_name().values())[:20]]
    kept = [m.Message(i, AT, NAME, "x", reply=m.Quote(1), reactions=reactions) for i in range(1, 501)]
    for message in kept:
        history.append(message)
    room = RoomHarness(history)
    room.join("a", "Анна")
    for output in (JSON, *outputs()):
        size = size_of_answer(room, m.HistoryRequest(limit=100_000, ref="r"), output)
        assert 100 * KIB < size <= 1024 * KIB


# --- json --------------------------------------------------------------------------------

# What is answered at length, for each type of command.
IN_JSON: list[m.Command] = [
    m.Join(NAME, history=100_000, ref="r"),
    m.Say(TEXT, "r"),
    m.Edit(id=1, text=TEXT, ref="r"),
    m.Delete(id=1, ref="r"),
    m.React(id=1, emoji="👍", ref="r"),
    m.Typing(ref="r"),
    m.Away(why=WIDE * 60, ref="r"),
    m.About(ref="r"),
    m.HistoryRequest(limit=100_000, ref="r"),
    m.Search("слон", limit=100_000, ref="r"),
    m.People(limit=100_000, ref="r"),
    m.Ping(ref="r"),
    m.Leave(ref="r"),
    m.Authenticate("страж", ref="r"),
    m.Moderate("announce", text=WIDE * 4000, ref="r"),
    m.Link(ref="r"),
    m.Whois(f"{NAME} 4", ref="r"),
    m.Bans(ref="r"),
    m.About(ref="r"),
    m.Start("r", TEXT[:800]),
    m.Output(id=1, offset=0, text="слон\n", tail="50 %", ref="r"),
    m.End(id=1, ref="r"),
    m.BodyRequest(id=1, follow=True, ref="r"),
]


@pytest.mark.parametrize("command", IN_JSON, ids=lambda command: type(command).__name__)
def test_each_answer_in_json(room: RoomHarness, command: m.Command) -> None:
    if isinstance(command, m.Join):
        (outcome,) = room.room.join("b", command)
        size = len(JSON.encode(outcome.answer))
        room.leave("b", hold_name=False)
    else:
        size = size_of_answer(room, command, JSON)
    is_list = isinstance(command, m.Join | m.HistoryRequest | m.Search | m.Authenticate | m.Bans)
    assert size <= (1024 * KIB if is_list else 40 * KIB)


def test_each_command_is_there() -> None:
    assert {type(command) for command in IN_JSON} == set(get_args(m.Command))
    assert IN_LINES.keys() == COMMANDS.keys()


@pytest.mark.parametrize("command", IN_JSON, ids=lambda command: type(command).__name__)
def test_an_error_in_json_repeats_at_most_what_was_sent(room: RoomHarness, command: m.Command) -> None:
    fields = to_builtins(command)
    for field in fields:
        for junk in ('"\\' * 10_000, 2**60, ["x"] * 5000, {"x": None}):
            line = json.dumps(fields | {field: junk}, ensure_ascii=False).encode()
            for request in Json().decode(line + b"\n"):
                if isinstance(request, BadMessage):
                    assert size_of_answer(room, request, JSON) <= len(line) + KIB


def test_a_welcome_in_a_room_without_limits(room: RoomHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Members, "names", lambda _: ['"' * 32] * 100_000)
    (outcome,) = room.room.join("b", m.Join("Борис", history=100_000))
    assert 1024 * KIB < len(JSON.encode(outcome.answer)) <= MAX_REPLY_LINE
    room.leave("b", hold_name=False)
