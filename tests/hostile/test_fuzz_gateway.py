"""Fuzzing the gateway with HTTP and WebSocket frames: it keeps serving the others."""

import http.client
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

import pytest
from websockets.frames import Frame, Opcode
from websockets.sync.client import connect

from chat_protocol.address import Address
from tests.hostile.canary import NAME, check_event, watching
from tests.hostile.fuzz_client import FuzzClient
from tests.hostile.mutations import Mutator
from tests.hostile.raw_http import FILES
from tests.hostile.rounds import ROUNDS
from tests.support.processes import Program, find_address, running
from tests.support.timing import TIMEOUT

pytestmark = pytest.mark.timeout(180 * ROUNDS)

TOGETHER: Final = 12  # connections at a time

_HEAD = (
    "GET /ws HTTP/1.1\r\nHost: {0}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
_SAID = (
    '{"type":"join","name":"Ева","session":"0123456789abcdef"}',
    '{"type":"say","ref":"r1","text":"привет\\nвсем"}',
    '{"type":"typing"}',
    '{"type":"history","before":1000,"limit":5}',
    '{"type":"search","query":"при"}',
    '{"type":"ping"}',
    '{"type":"leave"}',
    '{"type":"message","id":1,"at":"2026-11-22T05:43:03.120Z","name":"Канарейка","text":"подделка"}',
    "[]",
    "",
)
FRAMES: Final = (
    *(Frame(Opcode.TEXT, text.encode()).serialize(mask=True) for text in _SAID),
    Frame(Opcode.TEXT, b'{"type":', fin=False).serialize(mask=True),
    Frame(Opcode.CONT, b'"ping"}').serialize(mask=True),
    Frame(Opcode.CONT, b"", fin=False).serialize(mask=True),
    Frame(Opcode.BINARY, b"\x00\x01").serialize(mask=True),
    Frame(Opcode.PING, b"ping").serialize(mask=True),
    Frame(Opcode.PONG, b"pong").serialize(mask=True),
    Frame(Opcode.CLOSE, b"\x03\xe8bye").serialize(mask=True),
    Frame(Opcode.TEXT, _SAID[5].encode()).serialize(mask=False),
    b"\x81\xff" + (1 << 62).to_bytes(8) + b"maskdata",
    b"\x81\xfe\xff\xffmask" + b"x" * 100,
    b"\xf1\x80mask",
)
REQUESTS: Final = (
    "GET / HTTP/1.1\r\nHost: {0}\r\n\r\n",
    "GET /healthz HTTP/1.1\r\nHost: {0}\r\nConnection: close\r\n\r\n",
    "GET " + FILES + '/js/app.js HTTP/1.1\r\nHost: {0}\r\nIf-None-Match: "x"\r\nRange: bytes=0-10\r\n\r\n',
    "GET /static/..%2f..%2fetc/passwd?x=%00%ff HTTP/1.1\r\nHost: {0}\r\n\r\n",
    "HEAD / HTTP/1.0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: {0}\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello",
    "POST /ws HTTP/1.1\r\nHost: {0}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\nHost: {0}\r\nX-Forwarded-For: 192.0.2.1, 127.0.0.1\r\n\r\n",
    "GET http://example.org/ HTTP/1.1\r\nHost: example.org\r\nCookie: a=b; c=\r\n\r\n",
    _HEAD,
    _HEAD.replace(
        "Sec-WebSocket-Version", "Origin: null\r\nSec-WebSocket-Extensions: permessage-deflate\r\nX"
    ),
)


@pytest.fixture(scope="module")
def gateway() -> Iterator[tuple[Program, Program]]:
    server = ("--host", "127.0.0.1", "--port", "0", "--history", "memory", "--rate", "0", "--grace", "0")
    with (
        running("tcp_server", *server) as room,
        running("web_gateway", "--port", "0", "--server", str(room.address)) as program,
    ):
        yield program, room


@contextmanager
def canaries_at(address: Address) -> Iterator[None]:
    """Use the room through the gateway, and its health check, throughout the block."""
    with connect(f"ws://{address}/ws", open_timeout=TIMEOUT) as browser:
        browser.send(json.dumps({"type": "join", "name": NAME, "history": 0}))
        assert '"welcome"' in str(browser.recv(timeout=TIMEOUT))

        def ping() -> None:
            browser.send('{"type":"ping"}')
            kinds: list[str] = []
            while "pong" not in kinds:
                received = [json.loads(line) for line in str(browser.recv(timeout=TIMEOUT)).split("\n")]
                kinds = [message["type"] for message in received]
                for message in received:
                    if message["type"] != "pong":
                        check_event(message)

        def health() -> None:
            connection = http.client.HTTPConnection(*address, timeout=TIMEOUT)
            try:
                connection.request("GET", "/healthz")
                answer = connection.getresponse()
                assert answer.status == 200
                answer.read()
            finally:
                connection.close()

        with watching(ping), watching(health):
            yield


def attack(program: Program, room: Program, fuzz: Mutator, conversations: Iterator[bytes]) -> None:
    """Send the conversations, many at a time, while the canaries are served."""
    address = find_address(program.line.replace("http://", ""))
    with canaries_at(address):
        while batch := [said for _ in range(TOGETHER) if (said := next(conversations, None)) is not None]:
            with ExitStack() as stack:
                guests = [stack.enter_context(FuzzClient(address)) for _ in batch]
                for guest, said in zip(guests, batch, strict=True):
                    guest.say(fuzz.pieces(said))
                for guest in guests:
                    guest.read_to_end(vanish=fuzz.rng.random() < 0.1)
    for process in (program, room):
        assert process.process.poll() is None
        process.assert_no_crash()


def fuzzed_frames(fuzz: Mutator, count: int) -> Iterator[bytes]:
    """Yield a handshake with invalid frames, or with valid frames of invalid messages."""
    head = _HEAD.format("localhost").encode()
    for _ in range(count):
        if fuzz.rng.random() < 0.5:
            yield head + fuzz.conversation(FRAMES)
        else:
            texts = fuzz.rng.choices(_SAID, k=fuzz.rng.randint(1, 8))
            messages = (fuzz.mutate(text.encode()) for text in texts)
            yield head + b"".join(Frame(Opcode.TEXT, data).serialize(mask=True) for data in messages)


def test_fuzzed_frames(gateway: tuple[Program, Program]) -> None:
    fuzz = Mutator(31)
    attack(*gateway, fuzz, fuzzed_frames(fuzz, 2000 * ROUNDS))
    assert "a session ends after" not in gateway[0].stderr.text


def test_fuzzed_requests(gateway: tuple[Program, Program]) -> None:
    fuzz = Mutator(32)
    good = [request.format("localhost").encode() for request in REQUESTS]
    said = (fuzz.conversation(good, 3) for _ in range(1500 * ROUNDS))
    attack(*gateway, fuzz, said)
