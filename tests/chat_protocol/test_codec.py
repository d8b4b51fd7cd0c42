"""Encoding and decoding the JSON dialect."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_protocol import codec
from chat_protocol import messages as m
from chat_protocol.errors import BadMessage

LIMITS = m.Limits(name=32, text=4000, line=65536, history=500)
COMMANDS: list[m.Command] = [
    m.Join(name="Анна"),
    m.Join(name="Анна", session="s" * 128, since=m.Position(epoch="e", id=1042), history=0),
    m.Say(text="строка\nи ещё 🇷🇺 \u2028", ref="r" * 64),
    m.Typing(),
    m.HistoryRequest(),
    m.HistoryRequest(before=2**53, limit=100_000),
    m.Ping(),
    m.Leave(),
    m.Join(name="Анна", password="п" * 256),
    m.Join(name="cron", quiet=True),
    m.Authenticate("секрет"),
    m.Moderate("ban", "203.0.113.0/24", seconds=3600, text="спам"),
    m.Moderate("delete", id=7),
    m.Whois("Анна"),
    m.Bans(),
    m.Search("слон", limit=5, ref="s"),
    m.Leave(ref="l"),
    m.Start("r", "make test"),
    m.Output(id=7, offset=0, text="\x1b[31mошибка\x1b[0m\n", tail="50 %"),
    m.Output(id=7, offset=2**40, ref="o"),
    m.End(id=7, code=-9, ref="e"),
    m.BodyRequest(id=7, start=12, follow=False),
]
EVENTS: list[m.Event] = [
    m.Welcome("Анна", "s", "e", 7, ["Анна", "Борис"], [m.Message(7, "at", "Борис", "да")], 0, False, LIMITS),
    m.Message(1043, "2026-11-22T05:43:03.120Z", "Анна", "два\nряда"),
    m.Ack("ref", 1044, "at"),
    m.Joined("Анна", "at"),
    m.Left("Анна", "at"),
    m.Left("Анна", "at", "slow"),
    m.Typing("Анна"),
    m.HistoryPage([], True),
    m.Pong(),
    m.Error("too_fast", "slow down", "ref", 1.5),
    m.Error("bad_json", "no"),
    m.Error("name_taken", "no", suggestion="Анна 2"),
    m.Message(8, "at", "Сервер", "Анна удаляет…", m.Notice("delete", "Анна", id=7)),
    m.Message(7, "at", "Борис", "", deleted=True),
    m.Role(moderator=True),
    m.Role(moderator=True, muted=[m.Mute("Боб", 540.5), m.Mute("Вера")]),
    m.Throttled(3.5),
    m.Whois("Анна", ["203.0.113.7"]),
    m.Bans([m.BanEntry("Борис", "at", None, "Анна")]),
    m.Bye("shutdown"),
    m.Found([], True, ref="s"),
    m.Bye("left", ref="l"),
    m.Message(9, "at", "Анна", "make test", kind="live", live=m.Live("failed", 134.2, 2, 12288, 312, "x\n")),
    m.Received(id=9, end=0),
    m.FollowedOutput(9, 0, "a\n", ""),
    m.Preview(9, 312, "a\n"),
    m.Body(id=9, start=0, text="a\n", end=2, left_out=(524288, 9000000), tail="b", more=True, ref="b"),
]


def read_one(line: bytes) -> m.Command | BadMessage:
    (command,) = codec.decode_commands(line)
    return command


def error_of(line: bytes | str) -> BadMessage:
    result = read_one(line.encode() if isinstance(line, str) else line)
    assert isinstance(result, BadMessage)
    return result


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_survive_encoding_and_decoding(command: m.Command) -> None:
    line = codec.encode(command)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert codec.decode_commands(line) == [command]


@pytest.mark.parametrize("event", EVENTS)
def test_events_survive_encoding_and_decoding(event: m.Event) -> None:
    line = codec.encode(event)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert codec.decode_events(line) == [event]


def test_blocks_of_lines() -> None:
    assert codec.encode_all(COMMANDS) == b"".join(map(codec.encode, COMMANDS))
    assert codec.decode_commands(codec.encode_all(COMMANDS)) == COMMANDS
    assert codec.decode_events(codec.encode_all(EVENTS)) == EVENTS


def test_the_json_on_the_wire() -> None:
    assert json.loads(codec.encode(COMMANDS[1])) == {
        "type": "join",
        "name": "Анна",
        "session": "s" * 128,
        "since": {"epoch": "e", "id": 1042},
        "history": 0,
    }
    assert json.loads(codec.encode(EVENTS[0])) == {
        "type": "welcome",
        "name": "Анна",
        "session": "s",
        "epoch": "e",
        "last": 7,
        "members": ["Анна", "Борис"],
        "messages": [{"type": "message", "id": 7, "at": "at", "name": "Борис", "text": "да"}],
        "missed": 0,
        "more": False,
        "limits": {"name": 32, "text": 4000, "line": 65536, "history": 500},
    }
    assert codec.encode(m.Typing()) == b'{"type":"typing"}\n'
    assert codec.encode(m.Left("Анна", "at")) == '{"type":"left","name":"Анна","at":"at"}\n'.encode()


def test_messages_are_immutable() -> None:
    with pytest.raises(AttributeError):
        COMMANDS[2].text = "other"  # type: ignore[misc, union-attr]


def test_unknown_fields_are_ignored() -> None:
    assert read_one(b'{"new":[{}],"type":"say","text":"a","ref":"r","more":null}') == m.Say("a", "r")
    assert codec.decode_events(b'{"type":"bye","reason":"kicked","by":"x"}\n') == [m.Bye("kicked")]


def test_events_of_unknown_type_are_skipped() -> None:
    block = b'{"type":"pong"}\n\n{"type":"reaction","id":1}\r\n{"type":"bye","reason":"slow"}\n'
    assert codec.decode_events(block) == [m.Pong(), m.Bye("slow")]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"hello", "bad_json"),
        (b"{", "bad_json"),
        (b'{"type":"ping"', "bad_json"),
        (b'{"type":"ping"}}', "bad_json"),
        (b'{"type":"say","text":"\x00"}', "bad_json"),
        (b'{"type":"say","text":"\\ud800"}', "bad_json"),
        (b'{"type":"say","text":"a","z":' + b"[" * 60_000 + b"]" * 60_000 + b"}", "bad_json"),
        (b"NaN", "bad_json"),
        (b'{"type":"say","text":"\xff"}', "bad_utf8"),
        (b'{"type":"say","text":1,"ref":"\xff"}', "bad_utf8"),
        (b"\xff", "bad_utf8"),
        (b"[]", "bad_field"),
        (b'"join"', "bad_field"),
        (b"{}", "bad_field"),
        (b'{"type":1}', "bad_field"),
        (b'{"type":"join"}', "bad_field"),
        (b'{"type":"join","name":null}', "bad_field"),
        (b'{"type":"say","text":["a"]}', "bad_field"),
        (b'{"type":"say","text":"a","ref":""}', "bad_field"),
        (b'{"type":"history","limit":-1}', "bad_field"),
        (b'{"type":"history","before":1e400}', "bad_field"),
        (b'{"type":"history","before":' + b"9" * 5000 + b"}", "bad_field"),
        (b'{"type":"shout"}', "unknown_type"),
        (b'{"type":"shout","ref":7}', "unknown_type"),
        (b'{"type":"welcome"}', "unknown_type"),
    ],
)
def test_error_codes_of_invalid_lines(line: bytes, code: str) -> None:
    assert error_of(line).code == code


@pytest.mark.parametrize(
    ("field", "longest"), [("name", 1024), ("session", 128), ("ref", 64)], ids=["name", "session", "ref"]
)
def test_lengths_at_and_over_their_limits(field: str, longest: int) -> None:
    fields = {"type": "say", "text": "a"} if field == "ref" else {"type": "join", "name": "a"}
    assert not isinstance(read_one(json.dumps({**fields, field: "я" * longest}).encode()), BadMessage)
    assert error_of(json.dumps({**fields, field: "я" * (longest + 1)})).code == "bad_field"


@pytest.mark.parametrize("fields", [{"type": "say", "text": 5}, {"type": "shout"}])
def test_the_ref_of_an_invalid_command_is_returned(fields: dict[str, Any]) -> None:
    assert error_of(json.dumps({**fields, "ref": "r1"})).ref == "r1"


def test_an_invalid_line_does_not_affect_the_others() -> None:
    first, bad, last = codec.decode_commands(b'{"type":"ping"}\n \r\noops\n{"type":"leave"}\r\n')
    assert (first, last) == (m.Ping(), m.Leave())
    assert isinstance(bad, BadMessage)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"nonsense\n", "bad_json"),
        (b'{"type":"bye","reason":"\xff"}\n', "bad_utf8"),
        (b'{"type":"bye"}\n', "bad_field"),
    ],
)
def test_invalid_events_are_not_taken_for_unknown_types(line: bytes, code: str) -> None:
    with pytest.raises(BadMessage) as caught:
        codec.decode_events(line)
    assert caught.value.code == code


SHREDS = st.sampled_from(
    [*map(codec.encode, COMMANDS), *map(codec.encode, EVENTS), b"\n", b"{", b"\xff", b'"\\ud8', b'{"type":']
)


@given(st.binary() | st.lists(SHREDS).map(b"".join))
def test_decoding_commands_never_raises(block: bytes) -> None:
    for command in codec.decode_commands(block):
        assert isinstance(command, BadMessage | msgspec.Struct)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters()), inner),
    ),
    st.sampled_from(["join", "say", "history", "typing", "?"]),
    st.sampled_from(["name", "text", "since", "limit", "ref"]),
)
def test_each_line_gives_one_command_or_error(value: object, kind: str, field: str) -> None:
    line = json.dumps({"type": kind, "name": "a", "text": "b", field: value}).encode()
    assert len(codec.decode_commands(line + b"\n" + codec.encode(m.Ping()))) == 2


@given(st.binary() | st.lists(SHREDS).map(b"".join))
def test_decoding_events_raises_only_bad_message(block: bytes) -> None:
    try:
        events = codec.decode_events(block)
    except BadMessage:
        return
    assert all(isinstance(event, msgspec.Struct) for event in events)
