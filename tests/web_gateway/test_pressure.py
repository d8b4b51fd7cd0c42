"""Browsers that read too slowly, send too much or send nothing: other sessions go on."""

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from time import monotonic

import pytest
from websockets.frames import Close, Frame, Opcode

from chat_protocol.contract import MAX_LINE, MAX_REPLY_LINE
from tests.support.timing import TIMEOUT, at_most
from tests.web_gateway.conftest import RawBrowser, Room, Serving, serving_here, text
from web_gateway import browser as browser_module
from web_gateway import relay as relay_module
from web_gateway.config import Config
from web_gateway.dialects import JsonDialect

_ENDLESS = 1_000_000
_LINE = b'{"text":"' + b"x" * 60_000 + b'"}\n'


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch, module_room: Room) -> Iterator[Serving]:
    """A gateway with timeouts of tenths of a second."""
    monkeypatch.setattr(browser_module, "WRITE_TIMEOUT", 0.5)
    monkeypatch.setattr(browser_module, "CLOSE_TIMEOUT", 0.5)
    monkeypatch.setattr(browser_module, "PING_INTERVAL", 0.2)
    monkeypatch.setattr(browser_module, "IDLE_TIMEOUT", 0.8)
    monkeypatch.setattr(browser_module, "_LAST_WAIT", 0.2)
    monkeypatch.setattr(relay_module, "_SWEEP_INTERVAL", 0.05)
    with serving_here(Config(server=(module_room.address,))) as serving:
        yield serving


def _flood(sock: socket.socket, frame: bytes, within: float) -> int:
    """Send a frame repeatedly until the gateway reads nothing for `within` seconds. Return how often."""
    sock.settimeout(within)
    sent = 0
    with suppress(OSError):
        while sent < _ENDLESS:
            sock.sendall(frame)
            sent += 1
    return sent


def test_a_browser_that_does_not_read_is_closed_and_others_receive_all(serving: Serving, room: Room) -> None:
    with serving.chat(room) as (other, others_end), RawBrowser(serving.address, buffer=4096) as slow:
        end = room.accept()
        for number in range(200):
            end.socket.sendall(_LINE)
            others_end.say_json(number=number)
            assert other.recv(timeout=TIMEOUT) == f'{{"number": {number}}}'
        close = slow.read_close()
        assert (close.code, close.reason) == (1013, "reads too slowly")


def test_a_slow_browser_is_closed_after_the_rest_of_a_long_message(room: Room) -> None:
    longest = b'{"text":"' + b"x" * (MAX_REPLY_LINE - 11) + b'"}'
    with (
        serving_here(Config(server=(room.address,))) as serving,
        RawBrowser(serving.address, buffer=4096) as slow,
    ):
        end = room.accept()
        end.socket.sendall(_LINE * 40)  # about as much as the kernel buffers
        end.socket.sendall(longest + b"\n")
        [session] = _sessions(serving)
        deadline = monotonic() + TIMEOUT
        while not (session.browser._backlog and session.browser._backlog.size > browser_module.MAX_BACKLOG):
            assert monotonic() < deadline
        end.socket.sendall(_LINE * 20)
        *_, last, close = slow.frames()
        assert last.data == longest
        assert Close.parse(close.data).code == 1013


def test_a_browser_that_stops_reading_is_closed_after_the_write_timeout(strict: Serving, room: Room) -> None:
    with RawBrowser(strict.address, buffer=4096) as slow:
        end = room.accept()
        while not any(session.browser.has_backlog for session in _sessions(strict)):
            end.socket.sendall(_LINE)
        assert slow.read_close().code == 1013


def test_a_browser_that_does_not_answer_the_close_is_disconnected(strict: Serving, room: Room) -> None:
    with RawBrowser(strict.address) as browser:
        room.accept().close()
        started = monotonic()
        assert browser.read().opcode is Opcode.CLOSE
        browser.socket.settimeout(TIMEOUT)
        assert browser.socket.recv(1) == b""  # our half is closed at once, the other after the timeout
        while strict.gateway and strict.gateway.admission.sessions:
            assert monotonic() - started < TIMEOUT
        assert 0.4 < monotonic() - started < at_most(2.0)


def test_silent_browsers_are_pinged_and_then_closed(strict: Serving, room: Room) -> None:
    with RawBrowser(strict.address) as browser:
        room.accept()
        seen = list(browser.frames())
    assert [frame.opcode for frame in seen[:2]] == [Opcode.PING, Opcode.PING]
    assert seen[-1] == Frame(Opcode.CLOSE, b"\x03\xf5idle timeout")


def test_browsers_that_answer_pings_stay(strict: Serving, room: Room) -> None:
    with RawBrowser(strict.address) as browser:
        end = room.accept()
        pings = 0
        for frame in browser.frames():
            pings += frame.opcode is Opcode.PING
            browser.send(Frame(Opcode.PONG, b""))
            if pings == 6:
                break
        browser.send(text('{"type":"ping"}'))
        assert end.read_line() == '{"type":"ping"}'


def test_a_flooding_browser_is_read_no_faster_than_the_room_reads(serving: Serving, room: Room) -> None:
    with RawBrowser(serving.address) as browser:
        end = room.accept()
        longest = text('{"n":"' + "x" * (MAX_LINE - 8) + '"}').serialize(mask=True)
        # All that is sent until it stops is in the kernel's buffers of two connections.
        sent = _flood(browser.socket, longest, within=0.5)
        assert sent < _ENDLESS
        for _ in range(sent):
            assert len(end.read_line()) == MAX_LINE


def test_a_flood_of_pings_without_reading_the_pongs_ends(
    strict: Serving, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browser_module, "_CONTROL_FRAME_RATE", 100_000)  # fills the kernel's buffers sooner
    with RawBrowser(strict.address, buffer=4096) as browser:
        room.accept()
        pings = Frame(Opcode.PING, bytes(125)).serialize(mask=True) * 500
        assert _flood(browser.socket, pings, within=TIMEOUT) < _ENDLESS


def test_pongs_are_never_sent_within_a_message(serving: Serving, room: Room) -> None:
    with RawBrowser(serving.address, buffer=4096) as browser:
        end = room.accept()
        pings = [Frame(Opcode.PING, b"%d" % number) for number in range(500)]

        def talk() -> None:
            for number, ping in enumerate(pings):
                browser.send(ping)
                if number % 10 == 0:
                    end.socket.sendall(_LINE)

        talking = threading.Thread(target=talk)
        talking.start()
        pongs, messages = [], 0
        for frame in browser.frames():
            if frame.opcode is Opcode.PONG:
                pongs.append(frame.data)
            else:
                lines = bytes(frame.data).split(b"\n")
                assert set(lines) == {_LINE[:-1]}
                messages += len(lines)
            if (len(pongs), messages) == (500, 50):
                break
        talking.join()
        assert pongs == [ping.data for ping in pings]


def test_all_browsers_receive_the_same_lines_in_order(strict: Serving, room: Room) -> None:
    with ExitStack() as stack:
        chats = [stack.enter_context(strict.chat(room)) for _ in range(20)]
        for number in range(20):
            for _, end in chats:
                end.send(f'{{"id":{number}}}\n')
        for browser, _ in chats:
            received = ""
            while not received.endswith('{"id":19}'):
                received += str(browser.recv(timeout=TIMEOUT)) + "\n"
                received = received if not received.endswith('{"id":19}\n') else received[:-1]
            assert received.split("\n") == [f'{{"id":{number}}}' for number in range(20)]


def _sessions(serving: Serving) -> list[relay_module.BridgeSession]:
    assert serving.gateway is not None
    return list(serving.gateway.relay._sessions)


def test_a_flood_of_invalid_messages_delays_no_other_session(serving: Serving, room: Room) -> None:
    with serving.chat(room) as (other, others_end), RawBrowser(serving.address, buffer=4096) as browser:
        room.accept()
        flood = threading.Thread(
            target=_flood, args=(browser.socket, text("nonsense").serialize(mask=True) * 500, 1.0)
        )
        flood.start()
        slowest = 0.0
        while flood.is_alive():
            asked = monotonic()
            others_end.send('{"type":"pong"}\n')
            assert other.recv(timeout=TIMEOUT) == '{"type":"pong"}'
            slowest = max(slowest, monotonic() - asked)
            flood.join(0.005)  # or this conversation would be half of the load
        assert slowest < at_most(0.5)


def test_an_exception_in_a_session_is_a_close_and_no_web_page(
    strict: Serving, room: Room, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: JsonDialect, messages: object) -> None:
        raise ZeroDivisionError(messages)

    monkeypatch.setattr(JsonDialect, "to_room", fail)
    with RawBrowser(strict.address) as browser:
        room.accept()
        browser.send(text("{}"))
        close = browser.read_close()
        assert (close.code, close.reason) == (1011, "internal error")
        assert list(browser.frames()) == []
    deadline = monotonic() + TIMEOUT
    while "a session ends after ZeroDivisionError" not in caplog.text:
        assert monotonic() < deadline


def test_an_exception_in_the_relay_ends_one_session_only(
    strict: Serving, room: Room, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail_on_x(_: JsonDialect, chunk: bytes) -> bytes:
        if chunk == b"X":
            raise ZeroDivisionError
        return chunk

    monkeypatch.setattr(JsonDialect, "to_browser", fail_on_x)
    with strict.chat(room) as (other, others_end), RawBrowser(strict.address) as browser:
        room.accept().send("X")
        close = browser.read_close()
        assert (close.code, close.reason) == (1011, "internal error")
        others_end.send('{"type":"pong"}\n')
        assert other.recv(timeout=TIMEOUT) == '{"type":"pong"}'
    assert "a session ends after ZeroDivisionError" in caplog.text
    assert "Traceback" not in caplog.text
