"""Who reads too slowly, says too much, or says nothing harms only himself."""

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from time import monotonic

import pytest
from websockets.frames import Close, Frame, Opcode

from chat_protocol.contract import MAX_LINE, MAX_REPLY_LINE
from tests.web_gateway.conftest import PATIENCE, RawBrowser, Room, Serving, serving_here, text
from web_gateway import browser as browser_module
from web_gateway import relay as relay_module
from web_gateway.config import Config
from web_gateway.dialects import JsonDialect

_ENDLESS = 1_000_000
_LINE = b'{"text":"' + b"x" * 60_000 + b'"}\n'


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch, standing_room: Room) -> Iterator[Serving]:
    """A gateway whose seconds are tenths."""
    monkeypatch.setattr(browser_module, "STALL", 0.5)
    monkeypatch.setattr(browser_module, "FAREWELL", 0.5)
    monkeypatch.setattr(browser_module, "PING_INTERVAL", 0.2)
    monkeypatch.setattr(browser_module, "IDLE_TIMEOUT", 0.6)
    monkeypatch.setattr(relay_module, "_SWEEP", 0.05)
    with serving_here(Config(server=standing_room.address)) as serving:
        yield serving


def _flood(sock: socket.socket, frame: bytes, within: float) -> int:
    """Send the same over and over until the gateway takes no more for `within` seconds; return how often."""
    sock.settimeout(within)
    sent = 0
    with suppress(OSError):
        while sent < _ENDLESS:
            sock.sendall(frame)
            sent += 1
    return sent


def test_a_browser_that_does_not_read_is_cut_and_the_others_hear_all(serving: Serving, room: Room) -> None:
    with serving.chat(room) as (other, others_end), RawBrowser(serving.address, buffer=4096) as slow:
        end = room.accept()
        for number in range(200):
            end.socket.sendall(_LINE)
            others_end.say_json(number=number)
            assert other.recv(timeout=PATIENCE) == f'{{"number": {number}}}'
        close = slow.read_close()
        assert (close.code, close.reason) == (1013, "reads too slowly")


def test_a_browser_cut_within_a_long_message_gets_it_whole(room: Room) -> None:
    longest = b'{"text":"' + b"x" * (MAX_REPLY_LINE - 11) + b'"}'
    with (
        serving_here(Config(server=room.address)) as serving,
        RawBrowser(serving.address, buffer=4096) as slow,
    ):
        end = room.accept()
        end.socket.sendall(_LINE * 40)  # about as much as the kernel keeps
        end.socket.sendall(longest + b"\n")
        [session] = _sessions(serving)
        deadline = monotonic() + PATIENCE
        while not (session.browser._backlog and session.browser._backlog.size > browser_module.BACKLOG):
            assert monotonic() < deadline
        end.socket.sendall(_LINE * 20)
        *_, last, close = slow.frames()
        assert last.data == longest
        assert Close.parse(close.data).code == 1013


def test_a_browser_that_stops_within_a_small_backlog_is_cut_in_time(impatient: Serving, room: Room) -> None:
    with RawBrowser(impatient.address, buffer=4096) as slow:
        end = room.accept()
        while not any(session.browser.has_backlog for session in _sessions(impatient)):
            end.socket.sendall(_LINE)
        assert slow.read_close().code == 1013


def test_a_browser_that_does_not_answer_the_close_is_hung_up_on(impatient: Serving, room: Room) -> None:
    with RawBrowser(impatient.address) as browser:
        room.accept().close()
        started = monotonic()
        assert browser.read().opcode is Opcode.CLOSE
        browser.socket.settimeout(PATIENCE)
        assert browser.socket.recv(1) == b""  # our half is closed at once; the other half:
        while impatient.gateway and impatient.gateway.sessions:
            assert monotonic() - started < PATIENCE
        assert 0.4 < monotonic() - started < 2.0


def test_silent_browsers_are_pinged_and_then_given_up(impatient: Serving, room: Room) -> None:
    with RawBrowser(impatient.address) as browser:
        room.accept()
        seen = list(browser.frames())
    assert [frame.opcode for frame in seen[:2]] == [Opcode.PING, Opcode.PING]
    assert seen[-1] == Frame(Opcode.CLOSE, b"\x03\xf5no sign of life")


def test_browsers_that_answer_pings_stay(impatient: Serving, room: Room) -> None:
    with RawBrowser(impatient.address) as browser:
        end = room.accept()
        pings = 0
        for frame in browser.frames():
            pings += frame.opcode is Opcode.PING
            browser.send(Frame(Opcode.PONG, b""))
            if pings == 6:
                break
        browser.send(text('{"type":"ping"}'))
        assert end.read_line() == '{"type":"ping"}'


def test_a_flooding_browser_is_read_no_faster_than_the_room_takes_it(serving: Serving, room: Room) -> None:
    with RawBrowser(serving.address) as browser:
        end = room.accept()
        longest = text('{"n":"' + "x" * (MAX_LINE - 8) + '"}').serialize(mask=True)
        # What goes before it stops is in the kernel's buffers of two connections, nowhere else.
        sent = _flood(browser.socket, longest, within=0.5)
        assert sent < _ENDLESS
        for _ in range(sent):
            assert len(end.read_line()) == MAX_LINE


def test_a_flood_of_pings_from_one_who_reads_nothing_ends(
    impatient: Serving, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browser_module, "_FRAMES_A_SECOND", 100_000)  # to fill the kernel's buffers soon
    with RawBrowser(impatient.address, buffer=4096) as browser:
        room.accept()
        pings = Frame(Opcode.PING, bytes(125)).serialize(mask=True) * 500
        assert _flood(browser.socket, pings, within=PATIENCE) < _ENDLESS


def test_answers_to_pings_never_fall_into_the_middle_of_a_message(serving: Serving, room: Room) -> None:
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


def test_everybody_gets_the_same_bytes_framed_once(impatient: Serving, room: Room) -> None:
    with ExitStack() as stack:
        chats = [stack.enter_context(impatient.chat(room)) for _ in range(20)]
        for number in range(20):
            for _, end in chats:
                end.send(f'{{"id":{number}}}\n')
        for browser, _ in chats:
            received = ""
            while not received.endswith('{"id":19}'):
                received += str(browser.recv(timeout=PATIENCE)) + "\n"
                received = received if not received.endswith('{"id":19}\n') else received[:-1]
            assert received.split("\n") == [f'{{"id":{number}}}' for number in range(20)]


def _sessions(serving: Serving) -> list[relay_module.Session]:
    assert serving.gateway is not None
    return list(serving.gateway.relay._sessions)


def test_a_flood_of_nonsense_delays_nobody_else(serving: Serving, room: Room) -> None:
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
            assert other.recv(timeout=PATIENCE) == '{"type":"pong"}'
            slowest = max(slowest, monotonic() - asked)
        assert slowest < 0.5


def test_a_mistake_on_the_way_to_the_room_is_a_close_and_no_web_page(
    impatient: Serving, room: Room, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: JsonDialect, messages: object) -> None:
        raise ZeroDivisionError(messages)

    monkeypatch.setattr(JsonDialect, "to_room", fail)
    with RawBrowser(impatient.address) as browser:
        room.accept()
        browser.send(text("{}"))
        close = browser.read_close()
        assert (close.code, close.reason) == (1011, "internal error")
        assert list(browser.frames()) == []
    deadline = monotonic() + PATIENCE
    while "a session ends after ZeroDivisionError" not in caplog.text:
        assert monotonic() < deadline


def test_a_mistake_of_ours_ends_one_session_only(
    impatient: Serving, room: Room, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail_on_x(_: JsonDialect, chunk: bytes) -> bytes:
        if chunk == b"X":
            raise ZeroDivisionError
        return chunk

    monkeypatch.setattr(JsonDialect, "to_browser", fail_on_x)
    with impatient.chat(room) as (other, others_end), RawBrowser(impatient.address) as browser:
        room.accept().send("X")
        close = browser.read_close()
        assert (close.code, close.reason) == (1011, "internal error")
        others_end.send('{"type":"pong"}\n')
        assert other.recv(timeout=PATIENCE) == '{"type":"pong"}'
    assert "a session ends after ZeroDivisionError" in caplog.text
    assert "Traceback" not in caplog.text
