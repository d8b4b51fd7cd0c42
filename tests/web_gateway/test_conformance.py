"""The main cases of the Autobahn suite: how RFC 6455 requires frames to be read and written.

`make conformance` runs the whole suite; both try the stack of `conformance/echo.py`.
"""

from collections.abc import Iterator, Sequence
from itertools import islice, pairwise

import pytest
from websockets.frames import Close, Frame, Opcode

from chat_protocol.address import Address
from tests.support.processes import find_address, running
from tests.web_gateway.conftest import RawBrowser

TEXT, BINARY, CONT, PING, PONG, CLOSE = (
    Opcode.TEXT,
    Opcode.BINARY,
    Opcode.CONT,
    Opcode.PING,
    Opcode.PONG,
    Opcode.CLOSE,
)
_LENGTHS = (0, 1, 125, 126, 127, 128, 65535, 65536, 1_000_000)  # around each change of the length's form
_WORDS = "Hello-µ@ßöäüàá-UTF-8!! κόσμε Привет 👋".encode()


@pytest.fixture(scope="module")
def echo() -> Iterator[Address]:
    with running("tests.web_gateway.conformance.echo", "--port", "0") as program:
        yield find_address(program.line.replace("http://", ""))


def _fragments(opcode: Opcode, data: bytes, size: int) -> list[Frame]:
    """Cut a message into frames of `size` bytes, the last one perhaps empty."""
    pieces = [data[start : start + size] for start in range(0, len(data) + 1, size)]
    last = len(pieces) - 1
    return [
        Frame(CONT if number else opcode, piece, fin=number == last) for number, piece in enumerate(pieces)
    ]


def _woven(frames: Sequence[Frame], between: Frame) -> list[Frame]:
    """Put a frame between each two others."""
    return [frames[0], *(frame for _, after in pairwise(frames) for frame in (between, after))]


_ECHOED: dict[str, tuple[Sequence[Frame], Sequence[Frame]]] = {
    **{
        f"{opcode.name} of {length}": ([Frame(opcode, b"*" * length)], [Frame(opcode, b"*" * length)])
        for opcode in (TEXT, BINARY)
        for length in _LENGTHS
    },
    **{
        f"{opcode.name} in fragments of {size}": (
            _fragments(opcode, _WORDS, size),
            [Frame(opcode, _WORDS)],
        )
        for opcode in (TEXT, BINARY)
        for size in (1, 3, 20)
    },
    "one message after another": (
        [Frame(TEXT, b"%d" % number) for number in range(500)],
        [Frame(TEXT, b"%d" % number) for number in range(500)],
    ),
    "empty fragments": (
        [Frame(TEXT, b"", fin=False), Frame(CONT, b"", fin=False), Frame(CONT, b"")],
        [Frame(TEXT, b"")],
    ),
    "any bytes are binary": ([Frame(BINARY, bytes(range(256)))], [Frame(BINARY, bytes(range(256)))]),
    **{
        f"ping of {len(payload)}": ([Frame(PING, payload)], [Frame(PONG, payload)])
        for payload in (b"", b"Hello", bytes([0x00, 0xFF, 0xFE, 0xFD]), b"\xfe" * 125)
    },
    "ten pings": (
        [Frame(PING, b"%d" % number) for number in range(10)],
        [Frame(PONG, b"%d" % number) for number in range(10)],
    ),
    "an unsolicited pong": ([Frame(PONG, b"?"), Frame(PING, b"!")], [Frame(PONG, b"!")]),
    "pings between fragments": (
        _woven(_fragments(TEXT, _WORDS, 20), Frame(PING, b"!")),
        [Frame(PONG, b"!")] * (len(_WORDS) // 20) + [Frame(TEXT, _WORDS)],
    ),
    **{
        f"U+{ord(char):04X}": ([Frame(TEXT, char.encode())], [Frame(TEXT, char.encode())])
        for char in "\0\x7f\x80\u07ff\u0800\ud7ff\ue000\ufdd0\ufffd\ufffe\uffff\U00010000\U0001ffff\U0010ffff"
    },
}


@pytest.mark.parametrize(("sent", "answers"), _ECHOED.values(), ids=_ECHOED.keys())
def test_valid_frames_are_echoed(echo: Address, sent: Sequence[Frame], answers: Sequence[Frame]) -> None:
    with RawBrowser(echo) as browser:
        browser.send(*sent)
        assert list(islice(browser.frames(), len(answers))) == list(answers)


def test_a_stream_may_come_byte_by_byte(echo: Address) -> None:
    with RawBrowser(echo) as browser:
        for byte in b"".join(frame.serialize(mask=True) for frame in _fragments(TEXT, _WORDS, 20)):
            browser.socket.sendall(bytes([byte]))
        assert browser.read() == Frame(TEXT, _WORDS)


def _masked(head: int, payload: bytes = b"") -> bytes:
    """Return a short frame whose first byte is `head`, masked by zeros, that is by nothing."""
    return bytes([head, 0x80 | len(payload)]) + bytes(4) + payload


_BROKEN = {
    **{f"reserved bits {bits}": (_masked(0x81 | bits << 4, b"x"), 1002) for bits in range(1, 8)},
    **{f"reserved bits {bits} in a ping": (_masked(0x89 | bits << 4), 1002) for bits in (1, 7)},
    **{f"opcode {code}": (_masked(0x80 | code, b"x"), 1002) for code in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)},
    "ping of 126": (b"\x89\xfe\x00\x7e" + bytes(4 + 126), 1002),
    "fragmented ping": (_masked(0x09, b"x"), 1002),
    "fragmented pong": (_masked(0x0A, b"x"), 1002),
    "continues nothing": (_masked(0x80, b"x"), 1002),
    "continues nothing, nor ends": (_masked(0x00, b"x"), 1002),
    "continues after the end": (_masked(0x81, b"x") + _masked(0x80, b"x"), 1002),
    "message within a message": (_masked(0x01, b"x") + _masked(0x81, b"x"), 1002),
    "not masked": (b"\x81\x01x", 1002),
    **{
        f"not UTF-8: {data.hex()}": (_masked(0x81, data), 1007)
        for data in (
            b"\x80",  # a byte that begins nothing
            b"\xce\xba\xe1",  # cut short
            b"\xc0\xaf",  # longer than it need be
            b"\xe0\x80\xaf",
            b"\xf0\x80\x80\xaf",
            b"\xed\xa0\x80",  # surrogates
            b"\xed\xbf\xbf",
            b"\xf4\x90\x80\x80",  # beyond Unicode
            b"\xf8\x88\x80\x80\x80",
            b"\xfe",
            b"\xff",
        )
    },
    "not UTF-8 only as a whole": (_masked(0x01, b"\xce") + _masked(0x80, b"\xce\xba"), 1007),
    "close of one byte": (_masked(0x88, b"\x03"), 1002),
    "close not UTF-8": (_masked(0x88, b"\x03\xe8\xce\xba\xe1"), 1007),
    **{
        f"close with {code}": (_masked(0x88, code.to_bytes(2)), 1002)
        for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535)
    },
}


@pytest.mark.parametrize(("sent", "code"), _BROKEN.values(), ids=_BROKEN.keys())
def test_invalid_frames_are_closed_with_their_code(echo: Address, sent: bytes, code: int) -> None:
    with RawBrowser(echo) as browser:
        browser.socket.sendall(sent)
        assert browser.read_close().code == code
        assert list(browser.frames()) == []


_CLOSED = {
    "without a code": b"",
    "with a long reason": Close(1000, "x" * 123).serialize(),
    **{
        f"with {code}": Close(code, "тест").serialize()
        for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999)
    },
}


@pytest.mark.parametrize("payload", _CLOSED.values(), ids=_CLOSED.keys())
@pytest.mark.parametrize("before", [(), (Frame(TEXT, b"x", fin=False),)], ids=["", "within a message"])
def test_a_close_frame_is_echoed_and_nothing_follows(
    echo: Address, before: Sequence[Frame], payload: bytes
) -> None:
    with RawBrowser(echo) as browser:
        browser.send(*before, Frame(CLOSE, payload), Frame(CONT, b"x"), Frame(PING, b"?"))
        assert list(browser.frames()) == [Frame(CLOSE, payload)]
