"""The first bytes of a connection choose the dialect."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_protocol import messages as m
from chat_protocol.contract import MAX_LINE
from chat_protocol.errors import BadMessage, LineTooLong
from tcp_server.dialects.dialect import Dialect, Json, Lines, Plain
from tcp_server.dialects.opening import NotChat, Opening, detect
from tcp_server.dialects.telnet import IAC
from tcp_server.room.commands import TextJoin

JOIN = '{"type":"join","name":"Анна"}\n'.encode()
PUTTY = b"\xff\xfb\x1f\xff\xfb\x20\xff\xfb\x18\xff\xfb\x27\xff\xfd\x01\xff\xfb\x03\xff\xfd\x03"
"""What PuTTY begins with: WILL NAWS, TSPEED, TTYPE and NEW-ENVIRON, DO ECHO, WILL SGA, DO SGA."""
CTRL_C = b"\xff\xf4\xff\xfd\x06"
"""What telnet sends for Ctrl-C: IP, DO TIMING-MARK."""


def opened(*chunks: bytes) -> tuple[type[Dialect] | None, bytes]:
    """Return the dialect after these chunks, and what it is to parse."""
    opening = Opening()
    dialect = None
    for chunk in chunks:
        opening.feed(chunk)
        dialect = opening.dialect()
    return None if dialect is None else type(dialect), opening.data


@pytest.mark.parametrize(
    ("opening", "dialect"),
    [
        ("Анна", Plain),
        ("Анна привет", Plain),
        ("/who", Plain),
        ("\0", Plain),
        ("Анна\n", Lines),
        ("Анна\r\n", Lines),
        ("Анна\nпривет", Lines),
        ("\n", Lines),
        ("[]\n", Lines),
        ("{", None),
        ('{"type":"join","name":"x"}', None),
        ('{"type":"join","name":"x"}\n', Json),
        ('{"type":"join","name":"x"}\r\n{"type":', Json),
        ('{"type":"ping"}{"type":"ping"}\n', Json),
        ('{"type":"shout"}\n', Json),
        ("{}\n", Json),
        ("{\n", Lines),
        ("{smile}\n", Lines),
        ('{"type":"join"\n', Lines),
    ],
)
def test_the_first_bytes_choose_the_dialect(opening: str, dialect: type[Dialect] | None) -> None:
    assert detect(opening.encode()) is dialect


def test_a_json_join_is_detected_at_every_split() -> None:
    for cut in range(1, len(JOIN)):
        assert detect(JOIN[:cut]) is None
    assert detect(JOIN) is Json
    assert detect(JOIN + b'{"ty') is Json


def test_an_incomplete_character_is_waited_for() -> None:
    name = "Я€😀".encode()
    starts = {0, 2, 5, 9}
    for cut in range(1, len(name) + 1):
        assert detect(name[:cut]) is (Plain if cut in starts else None)
        assert detect(name[:cut] + b"\n") is Lines


def test_endless_incomplete_characters_are_a_name() -> None:
    opening = bytearray()
    while detect(opening + b"\xd0") is None:
        opening += b"\xd0"
        assert len(opening) < 2000


def test_bytes_are_searched_for_lf_once() -> None:
    assert detect(b"{\n", 1) is Lines
    assert detect(b"{\n", 2) is None


@pytest.mark.parametrize("opening", [b"\xff", b"Anna\xff", b"\xd0\xd0a", b"\xed\xa0\x80"])
def test_invalid_utf8_is_plain(opening: bytes) -> None:
    assert detect(opening) is Plain


def test_json_with_invalid_utf8_is_a_line() -> None:
    assert detect(b'{"type":"join","name":"\xff"}\n') is Lines


@pytest.mark.parametrize(
    "opening",
    [
        b"GET / HTTP/1.1\r\nHost: localhost:8080\r\n\r\n",
        b"GET /",
        b"POST /room HTTP/1.1\r\nContent-Length: 12\r\n\r\nAnna\nhello\n",
        b"OPTIONS * HTTP/1.1\r\n",
        b"CONNECT example.org:443 HTTP/1.1\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"get / HTTP/1.0\n",
        b"BREW /pot HTTP/1.1\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
    ],
)
def test_http_and_tls_are_no_chat(opening: bytes) -> None:
    with pytest.raises(NotChat):
        detect(opening)


@pytest.mark.parametrize("name", ["GETA", "Posting", "Patch", "http", "Гет /", "HTTP"])
def test_names_that_resemble_http_are_names(name: str) -> None:
    assert detect(name.encode()) is Plain


def test_an_endless_first_json_line_is_refused() -> None:
    opening = b'{"type":"join","name":"' + b"a" * MAX_LINE
    assert detect(opening[:MAX_LINE]) is None
    assert detect(opening) is Json
    with pytest.raises(LineTooLong):
        Json().decode(opening)


@given(st.binary() | st.binary().map(b"{".__add__) | st.text().map(lambda text: f"{{{text}\n".encode()))
def test_any_first_bytes_are_a_join_or_an_error(opening: bytes) -> None:
    first = Opening()
    try:
        first.feed(opening)
        dialect = first.dialect()
    except NotChat:
        return
    if dialect is not None:
        for command in dialect.parse(first.data):
            assert isinstance(dialect.parse_join(command), m.Join | TextJoin | BadMessage)


@pytest.mark.parametrize(
    ("opening", "dialect"), [('{"type":"ping"}', Json), ("{smile}", Lines), ("Анна", Plain), ("{", Lines)]
)
def test_the_end_of_input_decides_the_dialect(opening: str, dialect: type[Dialect]) -> None:
    assert detect(opening.encode(), ended=True) is dialect
    assert detect("Анна".encode()[:-1], ended=True) is Plain


# --- Telnet --------------------------------------------------------------------------


@pytest.mark.parametrize("commands", [PUTTY, CTRL_C, PUTTY + CTRL_C, b"\xff\xf1", b"\xff\xfa\x18\0x\xff\xf0"])
@pytest.mark.parametrize(
    ("said", "dialect"), [(b"Anna", Plain), (b"Anna\r\n", Lines), (b"Anna\r\0", Lines), (JOIN, Json)]
)
def test_telnet_commands_choose_no_dialect(commands: bytes, said: bytes, dialect: type[Dialect]) -> None:
    expected = (dialect, said.replace(b"\0", b"\n"))
    assert opened(commands) == (None, b"")
    assert opened(commands + said) == expected
    assert opened(commands, said) == expected
    for cut in range(len(commands)):
        assert opened(commands[:cut], commands[cut:], said) == expected
    assert opened(*[bytes([byte]) for byte in commands], said) == expected


def test_each_timing_mark_is_counted_once() -> None:
    opening = Opening()
    opening.feed(CTRL_C + b"\xff\xfd")
    assert opening.take_marks() == 1
    opening.feed(b"\x06")
    assert opening.take_marks() == 1
    assert opening.take_marks() == 0
    assert opening.is_telnet


def test_cr_and_nul_may_come_apart() -> None:
    assert opened(b"{", b"smile}\r", b"\0x") == (Lines, b"{smile}\r\nx")


@given(st.lists(st.binary(max_size=8), max_size=8))
def test_no_first_chunks_break_it(chunks: list[bytes]) -> None:
    opening = Opening()
    for chunk in chunks:
        opening.feed(chunk)
    if IAC not in b"".join(chunks):
        assert len(opening.data) <= len(b"".join(chunks))
