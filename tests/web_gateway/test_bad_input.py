"""Invalid input from a browser: it gets a clear error, and other sessions go on."""

import json

import pytest
from websockets.frames import Frame, Opcode

from chat_protocol.contract import MAX_LINE
from tests.support.timing import TIMEOUT
from tests.web_gateway.conftest import RawBrowser, Room, Serving, text


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "hello",
        "[]",
        '"text"',
        "null",
        "{",
        '{"a":1}{"b":2}',
        '{"type":"ping"}\n{"type":"leave"}',
        '{"type":\r"ping"}',
        '{"text":"\0"}',
        pytest.param('{"deep":' + "[" * 60_000, id="nested too deep"),
        "GET / HTTP/1.1",
    ],
)
def test_an_invalid_frame_is_answered_with_an_error(serving: Serving, room: Room, frame: str) -> None:
    with serving.chat(room) as (browser, end):
        browser.send(frame)
        error = json.loads(browser.recv(timeout=TIMEOUT))
        assert (error["type"], error["code"]) == ("error", "bad_frame")
        browser.send('{"type":"ping"}')
        assert end.read_line() == '{"type":"ping"}'


def test_an_invalid_frame_is_answered_with_its_ref_if_that_can_be_read(serving: Serving, room: Room) -> None:
    with serving.chat(room) as (browser, _):
        for frame, ref in (
            ('{"type":"ping",\n"ref":"r1"}', "r1"),
            ('{"type":"no such type",\r"ref":"r2"}', "r2"),
            ('{"type":"ping",\n"ref":7}', None),
            ('{"type":"ping","ref":"r3"', None),
        ):
            browser.send(frame)
            error = json.loads(browser.recv(timeout=TIMEOUT))
            assert (error["code"], error.get("ref")) == ("bad_frame", ref)


def test_leading_space_is_removed(serving: Serving, room: Room) -> None:
    with serving.chat(room) as (browser, end):
        browser.send('\t {"type":"join"} ')
        assert end.read_line() == '{"type":"join"}'


_CLOSED = {
    "binary": (Frame(Opcode.BINARY, b"{}").serialize(mask=True), 1003),
    "not UTF-8": (Frame(Opcode.TEXT, b'{"a":"\xff"}').serialize(mask=True), 1007),
    "surrogate": (Frame(Opcode.TEXT, b'{"a":"\xed\xa0\x80"}').serialize(mask=True), 1007),
    "too big": (text("x" * (MAX_LINE + 1)).serialize(mask=True), 1009),
    "too big in pieces": (
        Frame(Opcode.TEXT, b"x" * MAX_LINE, fin=False).serialize(mask=True)
        + Frame(Opcode.CONT, b"x").serialize(mask=True),
        1009,
    ),
    "too big by its header": (b"\x81\xff" + (1 << 40).to_bytes(8), 1009),
    "not masked": (text("{}").serialize(mask=False), 1002),
    "unknown opcode": (b"\x83\x80mask", 1002),
    "reserved bit": (b"\xc1\x80mask", 1002),
    "continues nothing": (Frame(Opcode.CONT, b"{}").serialize(mask=True), 1002),
    "long ping": (b"\x89\xfe\x00\x7e" + b"mask" + bytes(126), 1002),
    "close with one byte": (b"\x88\x81mask\x00", 1002),
}


@pytest.mark.parametrize(("sent", "code"), _CLOSED.values(), ids=_CLOSED.keys())
def test_a_protocol_violation_is_closed_with_its_code(
    serving: Serving, room: Room, sent: bytes, code: int
) -> None:
    with serving.chat(room) as (other, others_end), RawBrowser(serving.address) as browser:
        end = room.accept()
        browser.socket.sendall(sent)
        assert browser.read_close().code == code
        assert list(browser.frames()) == [], "nothing may follow the close frame, no HTTP page either"
        end.expect_end()
        others_end.send('{"type":"pong"}\n')
        assert other.recv(timeout=TIMEOUT) == '{"type":"pong"}'


def test_the_longest_message_passes(serving: Serving, room: Room) -> None:
    with serving.chat(room) as (browser, end):
        longest = '{"a":"' + "x" * (MAX_LINE - 8) + '"}'
        assert len(longest) == MAX_LINE
        browser.send(longest)
        assert end.read_line() == longest


def test_ten_thousand_empty_fragments_are_accepted(serving: Serving, room: Room) -> None:
    with RawBrowser(serving.address) as browser:
        end = room.accept()
        empty = Frame(Opcode.CONT, b"", fin=False).serialize(mask=True)
        browser.send(Frame(Opcode.TEXT, b"{", fin=False))
        browser.socket.sendall(empty * 10_000)
        browser.send(Frame(Opcode.CONT, b"}"))
        assert end.read_line() == "{}"


def test_a_reset_ends_only_its_own_session(serving: Serving, room: Room) -> None:
    with serving.chat(room) as (other, others_end):
        with RawBrowser(serving.address) as browser:
            end = room.accept()
            browser.socket.setsockopt(1, 13, b"\1\0\0\0\0\0\0\0")  # SO_LINGER of 0: close() resets
        end.expect_end()
        others_end.send('{"type":"pong"}\n')
        assert other.recv(timeout=TIMEOUT) == '{"type":"pong"}'
