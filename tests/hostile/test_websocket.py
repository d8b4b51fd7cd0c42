"""Invalid WebSocket frames get their close code within a second and cost no memory."""

import socket
import threading
import zlib
from collections.abc import Iterator
from contextlib import suppress
from time import monotonic

import psutil
import pytest

from chat_protocol.contract import MAX_LINE
from tests.hostile.rounds import ROUNDS
from tests.support.processes import Program, find_address, running
from tests.support.timing import TIMEOUT, at_most
from tests.web_gateway.conftest import RawBrowser, Room, Serving, text

_MIB = 1024 * 1024
_BOMB = 200 * _MIB
_CONT, _TEXT, _BINARY, _CLOSE, _PING = 0, 1, 2, 8, 9
_COMPRESSED = 0x40  # the reserved bit that permessage-deflate uses
_DEFLATE = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"


@pytest.fixture(scope="module")
def room() -> Iterator[Room]:
    room = Room()
    yield room
    room.close()


@pytest.fixture(scope="module")
def program(room: Room) -> Iterator[Program]:
    with running("web_gateway", "--port", "0", "--server", str(room.address)) as gateway:
        yield gateway


@pytest.fixture
def serving(program: Program, room: Room) -> Iterator[Serving]:
    yield Serving(find_address(program.line.replace("http://", "")))
    room.disconnect()


def _memory(program: Program) -> int:
    """Return the resident memory of the gateway and its workers, in bytes."""
    whole = psutil.Process(program.process.pid)
    return sum(process.memory_info().rss for process in [whole, *whole.children(recursive=True)])


def _header(length: int, first: int = 0x81) -> bytes:
    """Return the beginning of a masked frame that declares this length."""
    return bytes([first, 0xFF]) + length.to_bytes(8) + b"mask"


def _frame(opcode: int, payload: bytes, *, fin: bool = True, reserved: int = 0) -> bytes:
    """Return a masked frame, valid or not; the mask is zero, so that the payload stays as it is."""
    first = (0x80 if fin else 0) | reserved | opcode
    if len(payload) < 126:
        length = bytes([0x80 | len(payload)])
    elif len(payload) < 65536:
        length = b"\xfe" + len(payload).to_bytes(2)
    else:
        length = b"\xff" + len(payload).to_bytes(8)
    return bytes([first]) + length + bytes(4) + payload


def _bomb(size: int) -> bytes:
    """Return this many zeros, compressed as by permessage-deflate."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = packer.compress(bytes(_MIB)) + packer.flush(zlib.Z_FULL_FLUSH)  # alike wherever it stands
    return (piece * (size // _MIB))[:-4]


def _in_pieces(payload: bytes) -> bytes:
    """Return one compressed message as frames below the size limit."""
    cut = [payload[at : at + 60_000] for at in range(0, len(payload), 60_000)]
    return b"".join(
        _frame(0 if at else _TEXT, piece, fin=at == len(cut) - 1, reserved=0 if at else _COMPRESSED)
        for at, piece in enumerate(cut)
    )


_HALF = b"x" * (MAX_LINE // 2)
_WHOLE_BOMB = _bomb(_BOMB)
_ATTACKS = {
    "unmasked": (text("{}").serialize(mask=False), 1002),
    "unmasked after a good one": (_frame(_TEXT, b"{}") + text("{}").serialize(mask=False), 1002),
    "oversize": (_frame(_TEXT, b"x" * (MAX_LINE + 1)), 1009),
    "oversize as declared": (_header(MAX_LINE + 1), 1009),
    "2^31 as declared": (_header(2**31), 1009),
    "2^62 as declared": (_header(2**62), 1009),
    "2^63 - 1 as declared": (_header(2**63 - 1), 1009),
    "2^64 - 1 as declared": (_header(2**64 - 1), 1009),
    "bad UTF-8": (_frame(_TEXT, b'{"a":"\xc3\x28"}'), 1007),
    "overlong UTF-8": (_frame(_TEXT, b'{"a":"\xc0\xaf"}'), 1007),
    "a surrogate": (_frame(_TEXT, b'{"a":"\xed\xa0\x80"}'), 1007),
    "half a character": (_frame(_TEXT, "{Ж".encode()[:-1]), 1007),
    "bad UTF-8 in the reason": (_frame(_CLOSE, b"\x03\xe8\xff"), 1007),
    "fragmented past the limit": (
        _frame(_TEXT, _HALF, fin=False) + _frame(_CONT, _HALF, fin=False) * 3,
        1009,
    ),
    "reserved bit 1": (_frame(_TEXT, b"{}", reserved=_COMPRESSED), 1002),
    "reserved bit 2": (_frame(_TEXT, b"{}", reserved=0x20), 1002),
    "reserved bit 3": (_frame(_TEXT, b"{}", reserved=0x10), 1002),
    **{f"opcode {code}": (bytes([0x80 | code, 0x80]) + b"mask", 1002) for code in (3, 7, 11, 15)},
    "a close code nobody may send": (_frame(_CLOSE, b"\x03\xee"), 1002),
    "a long ping": (b"\x89\xfe\x00\x7emask" + bytes(126), 1002),
    "a ping in pieces": (b"\x09\x80mask", 1002),
    "text within text": (_frame(_TEXT, b"{", fin=False) + _frame(_TEXT, b"{}"), 1002),
    "a second message's tail": (_frame(_CONT, b"}"), 1002),
    "binary": (_frame(_BINARY, b"{}"), 1003),
    "a bomb": (_frame(_TEXT, _WHOLE_BOMB, reserved=_COMPRESSED), 1009),
    "a bomb in pieces": (_in_pieces(_WHOLE_BOMB), 1002),
    "a bomb in one short frame": (_frame(_TEXT, _bomb(_BOMB // 4), reserved=_COMPRESSED), 1002),
}


def test_the_bombs_are_small_and_decompress_to_their_size() -> None:
    assert len(_WHOLE_BOMB) < _MIB
    assert len(_bomb(_BOMB // 4)) < MAX_LINE
    assert len(zlib.decompressobj(-15).decompress(_WHOLE_BOMB, _BOMB)) == _BOMB


def test_compression_is_never_negotiated(serving: Serving, room: Room) -> None:
    with RawBrowser(serving.address, headers=_DEFLATE) as browser:
        room.accept()
        assert b"sec-websocket-extensions" not in browser.head.lower()


@pytest.mark.parametrize(("sent", "code"), _ATTACKS.values(), ids=_ATTACKS.keys())
def test_an_attack_closes_only_its_own_connection(
    serving: Serving, room: Room, program: Program, sent: bytes, code: int
) -> None:
    with serving.chat(room) as (other, others_end):
        others_end.send('{"type":"pong"}\n')
        assert other.recv(timeout=TIMEOUT) == '{"type":"pong"}'
        before = _memory(program)
        for _ in range(5 * ROUNDS):
            with RawBrowser(serving.address, headers=_DEFLATE) as browser:
                room.accept()
                started = monotonic()
                # The gateway may close before it has read the whole bomb.
                sender = threading.Thread(target=_send, args=(browser, sent))
                sender.start()
                assert browser.read_close().code == code
                assert monotonic() - started < at_most(1.0)
                sender.join()
            assert _memory(program) - before < 16 * _MIB
        others_end.send('{"type":"pong"}\n')
        assert other.recv(timeout=TIMEOUT) == '{"type":"pong"}'
    assert program.stderr.text == ""


def _send(browser: RawBrowser, sent: bytes) -> None:
    with suppress(OSError):
        browser.socket.sendall(sent)


def test_many_attacks_at_once_cost_no_memory(serving: Serving, room: Room, program: Program) -> None:
    before = _memory(program)
    browsers = [RawBrowser(serving.address, headers=_DEFLATE) for _ in range(30)]
    try:
        for browser in browsers:
            room.accept()
            browser.socket.sendall(_header(2**62) if browser is browsers[0] else _header(MAX_LINE))
            browser.socket.sendall(b"x" * (MAX_LINE // 4))
        assert browsers[0].read_close().code == 1009
        assert _memory(program) - before < 16 * _MIB
    finally:
        for browser in browsers:
            browser.socket.close()


@pytest.mark.parametrize("reads", [True, False])
def test_a_flood_of_pings_delays_nobody_and_costs_no_memory(
    serving: Serving, room: Room, program: Program, *, reads: bool
) -> None:
    """Ten thousand empty pings fit one read of the gateway, and each requires an answer."""
    pings = _frame(_PING, b"") * 10_000
    with serving.chat(room) as (other, others_end):
        before = _memory(program)
        flooders = []
        for _ in range(8):
            flooders.append(RawBrowser(serving.address))
            room.accept()
        threads = [threading.Thread(target=_flood, args=(each, pings)) for each in flooders]
        threads += [threading.Thread(target=_read_all, args=(each,)) for each in flooders if reads]
        for thread in threads:
            thread.start()
        for _ in range(50 * ROUNDS):
            started = monotonic()
            others_end.send('{"type":"pong"}\n')
            assert other.recv(timeout=TIMEOUT) == '{"type":"pong"}'
            assert monotonic() - started < at_most(1.0)
        assert _memory(program) - before < 8 * 4 * _MIB
        for each in flooders:
            each.socket.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join()
        for each in flooders:
            each.socket.close()


def _flood(browser: RawBrowser, sent: bytes) -> None:
    with suppress(OSError):
        while True:
            browser.socket.sendall(sent)


def _read_all(browser: RawBrowser) -> None:
    with suppress(OSError):
        while browser.socket.recv(65536):
            pass
