"""Messages between browsers and room are passed on unchanged."""

import json
from contextlib import ExitStack

from websockets.frames import Frame, Opcode

from tests.support.timing import TIMEOUT
from tests.web_gateway.conftest import RawBrowser, Room, Serving, text


def test_a_frame_becomes_a_line_and_a_line_a_frame(serving: Serving, room: Room) -> None:
    with serving.chat(room) as (browser, end):
        browser.send('{"type":"join","name":"Анна"}')
        assert end.read_line() == '{"type":"join","name":"Анна"}'
        end.send('{"type":"welcome","name":"Анна"}\n')
        assert browser.recv(timeout=TIMEOUT) == '{"type":"welcome","name":"Анна"}'


def test_lines_that_arrive_together_are_sent_in_one_frame(serving: Serving, room: Room) -> None:
    with serving.chat(room) as (browser, end):
        end.send('{"a":1}\n{"b":2}\n')
        assert browser.recv(timeout=TIMEOUT) == '{"a":1}\n{"b":2}'


def test_a_line_in_pieces_is_waited_for(serving: Serving, room: Room) -> None:
    with serving.chat(room) as (browser, end):
        words = '{"text":"Ж"}\n'.encode()
        for piece in (words[:10], words[10:11], words[11:]):
            end.send(piece)
        assert browser.recv(timeout=TIMEOUT) == '{"text":"Ж"}'


def test_a_long_welcome_arrives_whole(serving: Serving, room: Room) -> None:
    with serving.chat(room) as (browser, end):
        welcome = json.dumps({"type": "welcome", "messages": ["x" * 1000] * 900})
        end.send(welcome + "\n")
        assert browser.recv(timeout=TIMEOUT) == welcome


def test_each_browser_has_its_own_connection_which_ends_with_it(serving: Serving, room: Room) -> None:
    with ExitStack() as stack:
        with serving.chat(room) as (_, leaving_end):
            browser, end = stack.enter_context(serving.chat(room))
        leaving_end.expect_end()
        end.send('{"type":"left"}\n')
        assert browser.recv(timeout=TIMEOUT) == '{"type":"left"}'


def test_a_message_in_fragments_is_joined(serving: Serving, room: Room) -> None:
    with RawBrowser(serving.address) as browser:
        end = room.accept()
        whole = '{"text":"Ж"}'.encode()
        browser.send(
            Frame(Opcode.TEXT, whole[:10], fin=False),
            Frame(Opcode.PING, b"still there?"),
            Frame(Opcode.CONT, whole[10:]),
        )
        assert end.read_line() == '{"text":"Ж"}'
        assert browser.read() == Frame(Opcode.PONG, b"still there?")


def test_what_comes_with_the_handshake_is_not_lost(serving: Serving, room: Room) -> None:
    early = text('{"type":"ping"}').serialize(mask=True)
    with RawBrowser(serving.address, behind=early) as browser:
        end = room.accept()
        browser.send(text('{"type":"leave"}'))
        assert [end.read_line(), end.read_line()] == ['{"type":"ping"}', '{"type":"leave"}']


def test_compression_is_never_negotiated(serving: Serving, room: Room) -> None:
    with serving.chat(room) as (browser, _):
        assert browser.response is not None
        assert "Sec-WebSocket-Extensions" not in browser.response.headers


def test_a_close_frame_is_echoed(serving: Serving, room: Room) -> None:
    with RawBrowser(serving.address) as browser:
        room.accept()
        browser.send(text('{"type":"typing"}'), Frame(Opcode.CLOSE, b"\x0b\xb8bye"))
        close = browser.read_close()
        assert (close.code, close.reason) == (3000, "bye")
        assert list(browser.frames()) == []
