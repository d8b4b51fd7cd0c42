"""Fuzzing port 8080 in every dialect: the server keeps serving the others."""

from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest

from chat_protocol import codec
from chat_protocol.contract import MAX_LINE
from chat_protocol.errors import BadMessage, LineTooLong
from chat_protocol.framing import LineBuffer
from chat_protocol.proxy_header import BadHeader, Header, parse_header
from tcp_server.dialects.opening import NotChat, Opening
from tests.hostile.canary import canary_at
from tests.hostile.fuzz_client import FuzzClient
from tests.hostile.mutations import Mutator
from tests.hostile.rounds import ROUNDS
from tests.support.processes import Program, running
from tests.support.raw import JsonClient

pytestmark = pytest.mark.timeout(180 * ROUNDS)

FLAGS = (
    *("--host", "127.0.0.1", "--port", "0", "--history", "memory", "--grace", "0"),
    *("--rate", "0", "--idle-timeout", "20", "--name-timeout", "20"),
)
TOGETHER = 96  # connections at a time: each waits for its turn in the server, and costs little there

JOIN = '{"type":"join","name":"Ева","session":"0123456789abcdef","since":{"epoch":"x","id":3},"history":5}\n'
JSON = tuple(
    line.encode()
    for line in (
        JOIN,
        '{"type":"join","name":"Боб","password":"пароль"}\n',
        '{"type":"join","name":"Вера","quiet":true}\n',
        '{"type":"say","ref":"r1","text":"привет\\nвсем"}\n',
        '{"type":"say","ref":"r2","text":"канарейка: \\u001b[2J"}\n',
        '{"type":"say","ref":"r3","text":"@Боб да","reply":1,"kind":"action"}\n',
        '{"type":"edit","ref":"r4","id":1,"text":"иначе"}\n',
        '{"type":"delete","ref":"r5","id":1}\n',
        '{"type":"react","ref":"r6","id":1,"emoji":"👍","on":false}\n',
        '{"type":"start","ref":"r7","title":"make \\u001b[31mtest"}\n',
        '{"type":"output","id":1,"offset":0,"text":"раз\\n\\u001b[31mдва\\u001b[2J\\n","tail":"50 %"}\n',
        '{"type":"body","ref":"r8","id":1,"from":3,"follow":true}\n',
        '{"type":"end","ref":"r9","id":1,"code":2}\n',
        '{"type":"typing"}\n',
        '{"type":"history","before":1000,"limit":5}\n',
        '{"type":"search","query":"при","before":7,"limit":2}\n',
        '{"type":"people","prefix":"е","after":"Ева","limit":5}\n',
        '{"type":"ping"}\n',
        '{"type":"leave"}\n',
        '{"type":"moderate","act":"ban","target":"192.0.2.0/24","seconds":600,"text":"за дело"}\n',
        '{"type":"moderate","act":"delete","id":1}\n',
        '{"type":"whois","name":"Ева"}\n',
        '{"type":"bans"}\n',
        '{"type":"message","id":1,"at":"2026-11-22T05:43:03.120Z","name":"Канарейка","text":"подделка"}\n',
    )
)
# Never mutated: wrong passwords are answered slowly.
AUTHENTICATE = b'{"type":"authenticate","password":"secret"}\n'
LINES = tuple(
    line.encode()
    for line in (
        "Ева\n",
        "Боб\r\n",
        "привет\n",
        "Канарейка: это я\n",
        "Канарейка покинул чат.\n",
        "/who\n",
        "/history 5\n",
        "/search привет\n",
        "/help\n",
        "/reply #1 да\n",
        "/edit иначе\n",
        "/delete #1\n",
        "/react #1 👍\n",
        "/me машет\n",
        "/quit\n",
        "//не команда\n",
        "/kick Канарейка\n",
        "\n",
    )
)
PLAIN = tuple(text.encode() for text in ("Ева", "привет", "Канарейка: это я", "ещё\nстрока", "{", "/who"))
OPENINGS = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b'POST /x HTTP/1.0\r\nContent-Length: 20\r\n\r\n{"type":"ping"}\n',
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"\x16\x03\x01\x00\xf4\x01\x00\x00\xf0\x03\x03" + bytes(range(100)),
    b"SSH-2.0-OpenSSH_9.9\r\n",
    b"EHLO example.org\r\n",
    b"\x00\x00\x00\x85\xffSMB",
    b"*1\r\n$4\r\nPING\r\n",
    b"PROXY TCP4 192.0.2.1 192.0.2.2 40000 8080\r\n",
    *(PLAIN[0], LINES[0], JSON[0]),
)
HEADERS = (
    b"PROXY TCP4 203.0.113.7 192.0.2.1 40000 8080\r\n",
    b"PROXY TCP6 2001:db8::7 2001:db8::1 40000 8080\r\n",
    b"PROXY UNKNOWN\r\n",
    b"PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n",
)
BINARY_HEADER = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xcb\0\x71\x07\xc0\0\x02\x01\x9c\x40\x1f\x90"


# --- without a socket -----------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_fuzzed_dialects(seed: int) -> None:
    fuzz = Mutator(seed)
    for case in range(1500 * ROUNDS):
        parts = (JSON, LINES, PLAIN, OPENINGS)[case % 4]
        said = b"".join(fuzz.conversation(parts, 4) for _ in range(2))
        first, *rest = fuzz.pieces(said)
        opening = Opening()
        with suppress(NotChat, LineTooLong):
            opening.feed(first)
            dialect = opening.dialect()
            if dialect is not None:
                for requests in (dialect.parse(opening.data), *map(dialect.decode, rest), dialect.finish()):
                    for request in requests:
                        assert dialect.parse_join(request) is not None


def test_fuzzed_commands_and_events() -> None:
    fuzz = Mutator(11)
    for _ in range(3000 * ROUNDS):
        block = fuzz.conversation((*JSON, AUTHENTICATE), 3)
        codec.decode_commands(block)  # never raises
        with suppress(BadMessage):
            codec.decode_events(block)


def test_framing_does_not_depend_on_the_pieces() -> None:
    fuzz = Mutator(12)
    for _ in range(2000 * ROUNDS):
        said = fuzz.conversation((*LINES, *JSON), 3)
        if max(map(len, said.split(b"\n"))) > MAX_LINE:
            continue
        lines = LineBuffer(MAX_LINE)
        got = b"".join(lines.feed(piece) for piece in fuzz.pieces(said))
        assert got == said[: said.rfind(b"\n") + 1]


def test_fuzzed_proxy_headers() -> None:
    fuzz = Mutator(13)
    for _ in range(4000 * ROUNDS):
        said = fuzz.mutate(fuzz.rng.choice(HEADERS)) + JSON[0]
        with suppress(BadHeader):
            header = parse_header(said)
            assert isinstance(header, Header)
            assert header.length <= 107


def test_fuzzed_binary_proxy_headers() -> None:
    fuzz = Mutator(14)
    for _ in range(4000 * ROUNDS):
        said = fuzz.mutate(BINARY_HEADER) + JSON[0]
        with suppress(BadHeader):
            header = parse_header(said)
            assert header is None or header.length <= len(said)


# --- over sockets ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    on_disk = ("--history", str(tmp_path_factory.mktemp("fuzzed") / "history.db"))
    with running(
        "tcp_server", *FLAGS, *on_disk, env={"ONEROOM_SERVER_MODERATOR_PASSWORD": "secret"}
    ) as program:
        yield program


def attack(program: Program, fuzz: Mutator, conversations: Iterator[bytes]) -> None:
    """Send the conversations, many at a time, while the canary is served."""
    with canary_at(program.address):
        while batch := [said for _ in range(TOGETHER) if (said := next(conversations, None)) is not None]:
            with ExitStack() as stack:
                guests = [stack.enter_context(FuzzClient(program.address)) for _ in batch]
                for guest, said in zip(guests, batch, strict=True):
                    guest.say(fuzz.pieces(said))
                for guest in guests:
                    guest.read_to_end(vanish=fuzz.rng.random() < 0.1)
    assert program.process.poll() is None
    program.assert_no_crash()


@pytest.mark.parametrize(
    ("parts", "seed", "cases"),
    [
        pytest.param(OPENINGS, 21, 1000, id="raw"),
        pytest.param(PLAIN, 22, 1000, id="plain"),
        pytest.param(LINES, 23, 1500, id="lines"),
        pytest.param(JSON, 24, 2000, id="json"),
    ],
)
def test_fuzzed_conversations(program: Program, parts: tuple[bytes, ...], seed: int, cases: int) -> None:
    fuzz = Mutator(seed)
    beginnings = [b"", b"" if parts is OPENINGS else parts[0]]
    if parts is JSON:
        beginnings.append(parts[0] + AUTHENTICATE)
    said = (fuzz.rng.choice(beginnings) + fuzz.conversation(parts) for _ in range(cases * ROUNDS))
    attack(program, fuzz, said)


@pytest.mark.parametrize("nest", ["[", '{"a":'], ids=["list", "object"])
@pytest.mark.parametrize("field", ["ref", "since", "name", "text", "x"])
def test_deeply_nested_json_does_not_exhaust_the_stack(program: Program, field: str, nest: str) -> None:
    close = "]" if nest == "[" else "}"
    with JsonClient(program.address) as client:
        client.join("Ева", history=0)
        for depth in (10, 100, 500, 900, 1100, 5000):
            for kind in ("say", "join", "authenticate", "nonsense"):
                client.send(f'{{"type":"{kind}","{field}":{nest * depth}1{close * depth}}}\n')
            assert {received["type"] for received in client.fence()} <= {"error"}
        client.say_json(type="leave")  # or the name may still be taken in the next test
        client.expect_json(type="bye")


def test_fuzzed_headers_from_a_trusted_proxy() -> None:
    fuzz = Mutator(25)
    said = (
        (fuzz.mutate if fuzz.rng.random() < 0.8 else bytes)(fuzz.rng.choice(HEADERS))
        + fuzz.rng.choice((JSON[0], LINES[0], PLAIN[0], fuzz.conversation(JSON, 3), b""))
        for _ in range(1000 * ROUNDS)
    )
    flags = ("--trusted-proxy", "127.0.0.1", "--joins", "0", "--max-per-address", "0")
    with running("tcp_server", *FLAGS, *flags) as program:
        attack(program, fuzz, said)
