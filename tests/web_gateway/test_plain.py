"""The bridge to a room of the original protocol, alone and against the original server."""

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
from tests.web_gateway.conftest import PATIENCE, serving_by_gunicorn
from web_gateway.plain import PlainDialect, PlainRoom


@pytest.fixture
def dialect() -> Iterator[PlainDialect]:
    here, there = socket.socketpair()
    with PlainRoom(here) as room, there:
        yield PlainDialect(room)


def _answers(dialect: PlainDialect, **command: Any) -> list[Any]:
    [crossing] = dialect.to_room([json.dumps(command).encode()])
    return decode_events(crossing.answer()) if crossing.answer else []


def _code(dialect: PlainDialect, **command: Any) -> str:
    [error] = _answers(dialect, **command)
    assert isinstance(error, Error)
    return error.code


def _seen(dialect: PlainDialect, words: str) -> list[Any]:
    return decode_events(dialect.to_browser(words.encode()))


def test_a_name_goes_out_bare_and_is_welcomed_here(dialect: PlainDialect) -> None:
    [crossing] = dialect.to_room(['{"type":"join","name":"  Анна  Б. ","history":50}'.encode()])
    assert crossing.room == "Анна Б.".encode()
    assert crossing.answer is not None
    [welcome] = decode_events(crossing.answer())
    assert isinstance(welcome, Welcome)
    assert (welcome.name, welcome.session, welcome.last, welcome.members) == ("Анна Б.", "", 0, ["Анна Б."])
    assert (welcome.messages, welcome.missed, welcome.more) == ([], 0, False)


def test_numbers_follow_the_order_in_which_the_browser_sees_them(dialect: PlainDialect) -> None:
    _answers(dialect, type="join", name="Анна")
    [crossing] = dialect.to_room([b'{"type":"say","ref":"r1","text":"Hi"}'])
    assert crossing.room == b"Hi"
    [message] = _seen(dialect, "Боб: привет: всем")
    assert (message.id, message.name, message.text) == (1, "Боб", "привет: всем")
    assert crossing.answer is not None
    [ack] = decode_events(crossing.answer())
    assert isinstance(ack, Ack)
    assert (ack.ref, ack.id) == ("r1", 2)


def test_sentences_of_the_original_become_events(dialect: PlainDialect) -> None:
    assert [type(event) for event in _seen(dialect, "Боб присоединился к чату!")] == [Joined]
    both = _seen(dialect, "Вера присоединился к чату!Боб покинул чат.")
    assert [(type(event), event.name) for event in both] == [(Joined, "Вера"), (Left, "Боб")]
    [said] = _seen(dialect, "Вера: Боб покинул чат.")
    assert (type(said), said.name, said.text) == (Message, "Вера", "Боб покинул чат.")
    [rest] = _seen(dialect, "остаток")
    assert (rest.name, rest.text) == ("Вера", "остаток")


def test_a_character_cut_in_two_survives_and_control_characters_do_not(dialect: PlainDialect) -> None:
    words = "Боб: \x1b[31mж".encode()
    first = decode_events(dialect.to_browser(words[:-1]))
    second = decode_events(dialect.to_browser(words[-1:]))
    assert [event.text for event in (*first, *second) if isinstance(event, Message)] == ["[31m", "ж"]


def test_what_the_room_has_no_word_for_is_answered_here(dialect: PlainDialect) -> None:
    assert _code(dialect, type="say", ref="r", text="early") == "join_first"
    assert _code(dialect, type="join", name=" \x00 ") == "name_empty"
    assert _code(dialect, type="join", name="x" * 33) == "name_too_long"
    _answers(dialect, type="join", name="Анна")
    assert _code(dialect, type="join", name="Анна") == "already_joined"
    assert _code(dialect, type="say", ref="r", text=" \n") == "blank"
    assert _code(dialect, type="say", ref="r", text="x" * 4001) == "too_long"
    assert _code(dialect, type="nonsense") == "unknown_type"
    assert _code(dialect, type="say", text=7) == "bad_field"
    assert _answers(dialect, type="typing") == []
    for command, answer in (("ping", "pong"), ("history", "history"), ("leave", "bye")):
        [crossing] = dialect.to_room([json.dumps({"type": command}).encode()])
        assert crossing.room == b""
        assert crossing.answer is not None
        assert json.loads(crossing.answer())["type"] == answer
        assert crossing.last == (command == "leave")


@pytest.fixture(params=SCRIPTS)
def original(request: pytest.FixtureRequest) -> Iterator[Address]:
    """A server of the original kind."""
    with server_of(request.param) as chat:
        yield chat.address


def _receive(browser: ClientConnection) -> list[dict[str, Any]]:
    return [json.loads(line) for line in str(browser.recv(timeout=PATIENCE)).split("\n")]


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


def test_leaving_ends_the_session_with_a_goodbye(original: Address) -> None:
    with serving_by_gunicorn(original, "--dialect", "plain") as serving, serving.browse() as browser:
        browser.send('{"type":"join","name":"Анна"}')
        _receive(browser)
        browser.send('{"type":"leave"}')
        assert _receive(browser) == [{"type": "bye", "reason": "left"}]
        with pytest.raises(ConnectionClosed) as closed:
            browser.recv(timeout=PATIENCE)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1012
