from collections.abc import Sequence
from itertools import pairwise

import pytest

from chat_protocol import messages as m
from chat_protocol.commands import ChangeOutput, Help, Who
from chat_protocol.contract import MAX_LINE
from chat_protocol.errors import BadMessage, LineTooLong
from tcp_server.dialects.dialect import Dialect, Json, Lines, Plain
from tcp_server.room.commands import Request, TextJoin, TimingMarks

JOIN = '{"type":"join","name":"Анна"}\n'.encode()


def chunks(data: bytes, *places: int) -> list[bytes]:
    return [data[start:end] for start, end in pairwise((0, *places, len(data)))]


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


NOT_UTF8 = "not_utf8"


def summary(requests: Sequence[Request]) -> list[str]:
    """Return the texts that are said, and the codes of errors."""
    return [
        request.text if isinstance(request, m.Say) else getattr(request, "code", "?") for request in requests
    ]


@pytest.mark.parametrize(
    ("chunks", "said"),
    [
        (["привет"], ["привет"]),
        (["Моя строка", "гуляю по саду"], ["Моя строка", "гуляю по саду"]),
        (["яблоко"], ["яблоко"]),
        (["ящик", "моя"], ["ящик", "моя"]),
        (["я", "меняю"], ["яменяю"]),  # a letter by itself could be half of a command of Telnet
        (["Р", "ок"], ["Р", "ок"]),
        (["Р", "ok"], ["Р", "ok"]),
        (["№ 1\r\n"], ["№ 1"]),
    ],
)
def test_a_chunk_of_plain_that_is_not_utf8_is_in_cp1251(chunks: list[str], said: list[str]) -> None:
    plain = Plain()
    assert [text for chunk in chunks for text in summary(plain.decode(chunk.encode("cp1251")))] == said


def test_bytes_that_cp1251_does_not_have_are_left_out() -> None:
    plain = Plain()
    assert summary(plain.decode(b"\xf0\x98")) == []
    assert summary(plain.decode("да".encode("cp1251"))) == ["р", "да"]


def test_utf8_behind_a_letter_of_cp1251() -> None:
    plain = Plain()
    assert summary(plain.decode("Р".encode("cp1251"))) == []
    assert summary(plain.decode("привет".encode())) == ["Р", "привет"]


def test_telnet_in_plain_before_and_after_it_is_known() -> None:
    plain = Plain()
    assert summary(plain.decode("раз".encode() + b"\xff\xf1")) == ["раз"]
    assert summary(plain.decode("яма".encode("cp1251"))) == ["яма"]
    assert plain.decode("раз".encode() + b"\xff\xfd\x06") == [TimingMarks(1), m.Say("раз")]
    assert summary(plain.decode("мо".encode("cp1251") + b"\xff\xff\xff\xf1!")) == ["моя!"]


def test_no_text_of_plain_has_a_replacement_character() -> None:
    for first in range(256):
        for second in range(256):
            plain = Plain()
            assert "\ufffd" not in "".join(summary(plain.decode(bytes([first, second, 0x20]))))


def test_lines_that_are_not_utf8_are_refused_once_and_the_others_said() -> None:
    lines = Lines()
    sent = "раз\n".encode() + "два\r\nтри\nmore\n".encode("cp1251") + "четыре\n".encode()
    assert summary(lines.decode(sent)) == ["раз", NOT_UTF8, "more", "четыре"]
    assert summary(lines.decode("моя\n".encode("cp1251"))) == [NOT_UTF8]


@pytest.mark.parametrize("charset", ["cp1251", "cp866"])
def test_an_encoding_is_chosen_in_lines(charset: str) -> None:
    lines = Lines()
    text = "яблоко, гуляю по ящику\n"
    change, *said = lines.decode(f"/encoding {charset}\n{text}".encode(charset))
    assert change == ChangeOutput(charset)
    assert summary(said) == [text.strip()]
    assert summary(lines.decode(text.encode(charset))) == [text.strip()]
    for byte in text.encode(charset):
        said = list(lines.decode(bytes([byte])))
    assert summary(said) == [text.strip()]
    change, *said = lines.decode("/encoding utf-8\nпривет\n".encode())
    assert (change, summary(said)) == (ChangeOutput("utf-8"), ["привет"])


def test_a_telnet_client_doubles_0xff_in_any_encoding() -> None:
    lines = Lines()
    change, *_ = lines.decode(b"\xff\xfb\x1f/encoding cp1251\r\n")
    assert change == ChangeOutput("cp1251", doubles_iac=True)
    assert summary(lines.decode(b"\xff\xff\xec\xe0\xff\xf1\r\0")) == ["яма"]


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


@pytest.mark.parametrize(
    ("dialect", "sent", "requests"),
    [
        (Lines, b"one\ntw", [m.Say("tw")]),
        (Lines, b"one\r", [m.Say("one")]),
        (Lines, b"/quit", [m.Leave()]),
        (Lines, b"one\n", []),
        (Json, b'\n{"type":"ping"}', [m.Ping()]),
        (Json, b'{"type":"ping"}\n ', []),
        (Plain, b"one", []),
    ],
)
def test_the_end_of_input_ends_the_last_line(
    dialect: type[Dialect], sent: bytes, requests: list[Request]
) -> None:
    reader = dialect()
    reader.decode(sent)
    assert reader.finish() == requests
    assert reader.finish() == []


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
