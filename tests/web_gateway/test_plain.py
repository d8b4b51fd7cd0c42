"""The translation for a room of the original protocol, alone and with the original server."""

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from chat_protocol.address import Address
from chat_protocol.codec import decode_events
from chat_protocol.messages import Ack, Error, Joined, Left, Message, Welcome
from tests.support.original_like import SCRIPTS
from tests.support.original_like import serving as server_of
from tests.support.raw import PROMPT, RawClient
from tests.support.timing import TIMEOUT
from tests.web_gateway.conftest import serving_by_gunicorn
from web_gateway.plain import PlainDialect, PlainRoom


@pytest.fixture
def dialect() -> Iterator[PlainDialect]:
    here, there = socket.socketpair()
    with PlainRoom(here) as room, there:
        yield PlainDialect(room)


def _answers(dialect: PlainDialect, **command: Any) -> list[Any]:
    [translation] = dialect.to_room([json.dumps(command).encode()])
    return decode_events(translation.answer()) if translation.answer else []


def _code(dialect: PlainDialect, **command: Any) -> str:
    """Return the code of the error that answers a command, with its ref if it has one."""
    [error] = _answers(dialect, **command)
    assert isinstance(error, Error)
    assert error.ref == command.get("ref")
    return error.code


def _seen(dialect: PlainDialect, chunk: str) -> list[Any]:
    return decode_events(dialect.to_browser(chunk.encode()))


def test_a_name_is_sent_bare_and_answered_by_a_welcome(dialect: PlainDialect) -> None:
    [translation] = dialect.to_room(['{"type":"join","name":"  Анна  Б. ","history":50}'.encode()])
    assert translation.to_room == "Анна Б.".encode()
    assert translation.answer is not None
    [welcome] = decode_events(translation.answer())
    assert isinstance(welcome, Welcome)
    assert (welcome.name, welcome.session, welcome.last, welcome.members) == ("Анна Б.", "", 0, ["Анна Б."])
    assert (welcome.messages, welcome.missed, welcome.more) == ([], 0, False)


def test_ids_increase_in_the_order_the_browser_sees(dialect: PlainDialect) -> None:
    _answers(dialect, type="join", name="Анна")
    [translation] = dialect.to_room([b'{"type":"say","ref":"r1","text":"Hi"}'])
    assert translation.to_room == b"Hi"
    [message] = _seen(dialect, "Боб: привет: всем")
    assert (message.id, message.name, message.text) == (1, "Боб", "привет: всем")
    assert translation.answer is not None
    [ack] = decode_events(translation.answer())
    assert isinstance(ack, Ack)
    assert (ack.ref, ack.id) == ("r1", 2)


def test_the_originals_sentences_become_events(dialect: PlainDialect) -> None:
    assert [type(event) for event in _seen(dialect, "Боб присоединился к чату!")] == [Joined]
    both = _seen(dialect, "Вера присоединился к чату!Боб покинул чат.")
    assert [(type(event), event.name) for event in both] == [(Joined, "Вера"), (Left, "Боб")]
    [said] = _seen(dialect, "Вера: Боб покинул чат.")
    assert (type(said), said.name, said.text) == (Message, "Вера", "Боб покинул чат.")
    [rest] = _seen(dialect, "остаток")
    assert (rest.name, rest.text) == ("Вера", "остаток")


def test_a_split_character_is_joined_and_control_characters_are_removed(dialect: PlainDialect) -> None:
    words = "Боб: \x1b[31mж".encode()
    first = decode_events(dialect.to_browser(words[:-1]))
    second = decode_events(dialect.to_browser(words[-1:]))
    assert [event.text for event in (*first, *second) if isinstance(event, Message)] == ["", "ж"]


def test_the_gateway_answers_what_the_room_cannot(dialect: PlainDialect) -> None:
    assert _code(dialect, type="say", ref="r", text="early") == "join_first"
    assert _code(dialect, type="join", name=" \x00 ") == "name_empty"
    assert _code(dialect, type="join", name="x" * 33, ref="r") == "name_too_long"
    assert [event.ref for event in _answers(dialect, type="join", name="Анна", ref="r")] == ["r"]
    assert _code(dialect, type="join", name="Анна", ref="r") == "already_joined"
    assert _code(dialect, type="say", ref="r", text=" \n") == "blank"
    assert _code(dialect, type="say", ref="r", text="x" * 4001) == "too_long"
    assert _code(dialect, type="say", text="no ref") == "bad_field"
    assert _code(dialect, type="say", ref="r", text=7) == "bad_field"
    assert _answers(dialect, type="typing", ref="r") == []
    for command, answer in (("ping", "pong"), ("history", "history"), ("leave", "bye")):
        [translation] = dialect.to_room([json.dumps({"type": command, "ref": "r"}).encode()])
        assert translation.to_room == b""
        assert translation.answer is not None
        said = json.loads(translation.answer())
        assert (said["type"], said["ref"]) == (answer, "r")
        assert translation.end == (command == "leave")


@pytest.mark.parametrize(
    "command",
    [
        {"type": "nonsense"},
        {"type": "search", "query": "x"},
        {"type": "people"},
        {"type": "authenticate", "password": "x"},
        {"type": "moderate", "act": "kick", "target": "x"},
        {"type": "whois", "name": "x"},
        {"type": "bans"},
        {"type": "link"},
        {"type": "edit", "id": 1, "text": "x"},
        {"type": "delete", "id": 1},
        {"type": "react", "id": 1, "emoji": "👍"},
    ],
)
def test_a_command_the_room_does_not_have_is_refused(dialect: PlainDialect, command: dict[str, str]) -> None:
    assert _code(dialect, **command) == "unknown_type"
    assert _code(dialect, **command, ref="r") == "unknown_type"


def test_a_reply_or_an_action_is_not_said_without_what_makes_it_one(dialect: PlainDialect) -> None:
    _answers(dialect, type="join", name="Анна")
    for field in ({"reply": 1}, {"kind": "action"}):
        assert _code(dialect, type="say", ref="r", text="машет", **field) == "unknown_type"


@pytest.fixture(params=SCRIPTS)
def original(request: pytest.FixtureRequest) -> Iterator[Address]:
    """A server of the original kind."""
    with server_of(request.param) as chat:
        yield chat.address


def _receive(browser: ClientConnection) -> list[dict[str, Any]]:
    return [json.loads(line) for line in str(browser.recv(timeout=TIMEOUT)).split("\n")]


def test_browsers_and_terminals_talk_through_the_original_server(original: Address) -> None:
    with serving_by_gunicorn(original, "--dialect", "plain") as serving, RawClient(original) as terminal:
        terminal.expect(PROMPT)
        terminal.send("Боб")
        with serving.browse():
            pass  # one who looks at the page and goes again without a name
        with serving.browse() as browser:
            browser.send('{"type":"join","name":"Анна"}')
            assert _receive(browser)[0]["type"] == "welcome"
            # At once: the bridge must keep it apart from the name.
            browser.send('{"type":"say","ref":"r1","text":"привет"}')
            terminal.expect("Анна присоединился к чату!Анна: привет")
            [ack] = _receive(browser)
            assert (ack["type"], ack["ref"]) == ("ack", "r1")
            terminal.send("и тебе")
            [message] = _receive(browser)
            assert (message["type"], message["name"], message["text"]) == ("message", "Боб", "и тебе")
            assert message["id"] > ack["id"]
            with RawClient(original) as third:
                third.expect(PROMPT)
                third.send("Вера")
                assert [(event["type"], event["name"]) for event in _receive(browser)] == [("joined", "Вера")]
            assert [(event["type"], event["name"]) for event in _receive(browser)] == [("left", "Вера")]
        terminal.expect("Вера присоединился к чату!Вера покинул чат.Анна покинул чат.")


def test_leave_is_answered_by_bye_and_ends_the_session(original: Address) -> None:
    with serving_by_gunicorn(original, "--dialect", "plain") as serving, serving.browse() as browser:
        browser.send('{"type":"join","name":"Анна"}')
        _receive(browser)
        browser.send('{"type":"leave"}')
        assert _receive(browser) == [{"type": "bye", "reason": "left"}]
        with pytest.raises(ConnectionClosed) as closed:
            browser.recv(timeout=TIMEOUT)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1012
