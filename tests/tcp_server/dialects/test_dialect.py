from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_protocol import messages as m
from chat_protocol.commands import Help, Who
from chat_protocol.contract import MAX_LINE
from chat_protocol.errors import BadMessage, LineTooLong
from tcp_server.dialects.dialect import Dialect, Json, Lines, NotChat, Plain, detect
from tcp_server.room.commands import Request, TextJoin

JOIN = '{"type":"join","name":"Анна"}\n'.encode()


def chunks(data: bytes, *places: int) -> list[bytes]:
    return [data[start:end] for start, end in pairwise((0, *places, len(data)))]


def kind(opening: bytes) -> type[Dialect] | None:
    found = detect(opening)
    return None if found is None else type(found)


# --- the first bytes -----------------------------------------------------------------


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
    assert kind(opening.encode()) is dialect


def test_a_json_join_is_detected_at_every_split() -> None:
    for cut in range(1, len(JOIN)):
        assert kind(JOIN[:cut]) is None
    assert kind(JOIN) is Json
    assert kind(JOIN + b'{"ty') is Json


def test_an_incomplete_character_is_waited_for() -> None:
    name = "Я€😀".encode()
    starts = {0, 2, 5, 9}
    for cut in range(1, len(name) + 1):
        assert kind(name[:cut]) is (Plain if cut in starts else None)
        assert kind(name[:cut] + b"\n") is Lines


def test_endless_incomplete_characters_are_a_name() -> None:
    opening = bytearray()
    while detect(opening + b"\xd0") is None:
        opening += b"\xd0"
        assert len(opening) < 2000


def test_bytes_are_searched_for_lf_once() -> None:
    assert type(detect(b"{\n", 1)) is Lines
    assert detect(b"{\n", 2) is None


@pytest.mark.parametrize("opening", [b"\xff", b"Anna\xff", b"\xd0\xd0a", b"\xed\xa0\x80"])
def test_invalid_utf8_is_plain(opening: bytes) -> None:
    assert kind(opening) is Plain


def test_json_with_invalid_utf8_is_a_line() -> None:
    assert kind(b'{"type":"join","name":"\xff"}\n') is Lines


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
    assert kind(name.encode()) is Plain


def test_an_endless_first_json_line_is_refused() -> None:
    opening = b'{"type":"join","name":"' + b"a" * MAX_LINE
    assert kind(opening[:MAX_LINE]) is None
    dialect = detect(opening)
    assert type(dialect) is Json
    with pytest.raises(LineTooLong):
        dialect.decode(opening)


@given(st.binary() | st.binary().map(b"{".__add__) | st.text().map(lambda text: f"{{{text}\n".encode()))
def test_any_first_bytes_are_a_join_or_an_error(opening: bytes) -> None:
    try:
        dialect = detect(opening)
    except NotChat:
        return
    if dialect is not None:
        for command in dialect.decode(opening):
            assert isinstance(dialect.parse_join(command), m.Join | TextJoin | BadMessage)


# --- reading -------------------------------------------------------------------------

LINES = "Анна\r\n\nпривет, 😀\n/who\n//who\n/history 7\n/quit\nне конец"
LINES_WISHES: list[Request] = [
    m.Say("Анна"),
    m.Say(""),
    m.Say("привет, 😀"),
    Who(),
    m.Say("/who"),
    m.HistoryRequest(limit=7),
    m.Leave(),
]
JSON = JOIN + '{"type":"say","ref":"1","text":"а😀"}\r\n\n{"type":"ping"}\n{"type":"le'.encode()
JSON_WISHES: list[Request] = [m.Join("Анна"), m.Say("а😀", "1"), m.Ping()]


@pytest.mark.parametrize(
    ("dialect", "stream", "requests"),
    [(Lines, LINES.encode(), LINES_WISHES), (Json, JSON, JSON_WISHES)],
    ids=["lines", "json"],
)
def test_requests_are_the_same_at_every_split(
    dialect: type[Lines | Json], stream: bytes, requests: list[Request]
) -> None:
    splits = [chunks(stream, first, second) for second in range(len(stream)) for first in range(second)]
    splits.append([bytes([byte]) for byte in stream])
    for split in splits:
        reader = dialect()
        assert [command for chunk in split for command in reader.decode(chunk)] == requests


def test_each_chunk_of_plain_is_one_message() -> None:
    plain = Plain()
    assert plain.decode("Анна".encode()) == [m.Say("Анна")]
    assert plain.decode("раз\nдва".encode()) == [m.Say("раз\nдва")]
    assert plain.decode(b"/who\r\n") == [m.Say("/who")]
    assert plain.decode(b"\n") == []
    assert plain.decode(b'{"type":"leave"}') == [m.Say('{"type":"leave"}')]


def test_plain_joins_a_character_split_across_chunks() -> None:
    text = "aЯ€😀"
    stream = text.encode()
    for first in range(len(stream)):
        for second in range(first, len(stream)):
            plain = Plain()
            said = [command for chunk in chunks(stream, first, second) for command in plain.decode(chunk)]
            assert "".join(command.text for command in said if isinstance(command, m.Say)) == text


@pytest.mark.parametrize("dialect", [Plain, Lines])
def test_bad_utf8_in_text_is_replaced(dialect: type[Plain | Lines]) -> None:
    (command,) = dialect().decode(b"a\xffb\xd0\n")
    assert command == m.Say("a�b�")


def test_bad_utf8_in_json_is_an_error() -> None:
    (command,) = Json().decode(b'{"type":"say","text":"\xff"}\n')
    assert isinstance(command, BadMessage)
    assert command.code == "bad_utf8"


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("/who", Who()),
        ("/who ", Who()),
        ("/help", Help()),
        ("/quit", m.Leave()),
        ("/history", m.HistoryRequest(limit=20)),
        ("/history 99999", m.HistoryRequest(limit=99999)),
        ("/search Привет,  мир", m.Search("Привет, мир")),
        ("/search " + "я" * 1000, m.Search("я" * 256)),
        ("//quit now", m.Say("/quit now")),
        ("//", m.Say("/")),
        (" /who", m.Say(" /who")),
        ("what is /who", m.Say("what is /who")),
    ],
)
def test_slash_commands(line: str, command: Request) -> None:
    assert Lines().decode(f"{line}\n".encode()) == [command]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("/", "unknown_command"),
        ("/ who", "unknown_command"),
        ("/Who", "unknown_command"),
        ("/quit now", "unknown_command"),
        ("/history 1 2", "unknown_command"),
        ("/search", "unknown_command"),
        ("/history x", "bad_number"),
        ("/history -1", "bad_number"),
        ("/history 100000", "bad_number"),
        ("/history ٣", "bad_number"),
    ],
)
def test_invalid_slash_commands(line: str, code: str) -> None:
    (command,) = Lines().decode(f"{line}\n".encode())
    assert isinstance(command, BadMessage)
    assert command.code == code


@pytest.mark.parametrize("dialect", [Lines, Json])
def test_a_line_over_the_maximum(dialect: type[Lines | Json]) -> None:
    assert dialect().decode(b" " * MAX_LINE + b"\n") in ([m.Say(" " * MAX_LINE)], [])
    with pytest.raises(LineTooLong):
        dialect().decode(b" " * (MAX_LINE + 1))


# --- before the join -----------------------------------------------------------------


@pytest.mark.parametrize("dialect", [Plain, Lines])
def test_the_first_text_is_the_name(dialect: type[Plain | Lines]) -> None:
    assert dialect().parse_join(m.Say(" Анна ")) == TextJoin("Анна")


@pytest.mark.parametrize("command", [Who(), Help(), m.HistoryRequest(), BadMessage("unknown_command", "")])
def test_a_command_is_no_name(command: Request) -> None:
    entry = Lines().parse_join(command)
    assert isinstance(entry, BadMessage)
    assert entry.code == "join_first"


def test_json_commands_before_the_join_are_errors_with_their_ref() -> None:
    assert Json().parse_join(m.Join("Анна")) == m.Join("Анна")
    early = Json().parse_join(m.Say("a", "r1"))
    assert isinstance(early, BadMessage)
    assert (early.code, early.ref) == ("join_first", "r1")
    broken = BadMessage("bad_json", "no")
    assert Json().parse_join(broken) is broken
