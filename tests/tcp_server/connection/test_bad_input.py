"""Bad input is answered clearly, and affects nobody else."""

import itertools
import json
from collections.abc import Iterator

import psutil
import pytest

from chat_protocol.contract import MAX_LINE
from tests.support.processes import Program, running
from tests.support.raw import PROMPT, JsonClient, RawClient

FLAGS = ("--host", "127.0.0.1", "--port", "0", "--history", "memory", "--grace", "0")
HELLO = b"\x16\x03\x01\x00\xf4\x01\x00\x00\xf0\x03\x03" + bytes(range(200))
POST = (
    "POST / HTTP/1.1\r\nHost: localhost:8080\r\nContent-Type: text/plain\r\nContent-Length: 24\r\n\r\n"
    'Анна\nпривет\n{"type":"join","name":"x"}\n'
)


NUMBERS = itertools.count(1)
"""For names that nobody has had, and the room has not reserved, as it may have random ones."""


@pytest.fixture(scope="module")
def program() -> Iterator[Program]:
    with running("tcp_server", *FLAGS) as program:
        yield program


@pytest.fixture(autouse=True)
def empty_room(program: Program) -> None:
    """Wait until the clients of the previous test have left, so that the bystander is not sent it."""
    name = f"Сторож {next(NUMBERS)}"
    with JsonClient(program.address) as client:
        present = set(client.join(name)["members"]) - {name}
        while present:
            present.remove(client.expect_json(type="left")["name"])
        client.say_json(type="leave")
        client.expect_json(type="bye")


@pytest.fixture
def bystander(program: Program) -> Iterator[JsonClient]:
    """A member who must be sent nothing during the test."""
    with JsonClient(program.address) as client:
        client.join(f"Прохожий {next(NUMBERS)}", history=0)
        yield client
        assert client.fence() == []
    assert program.stderr.text == ""


def answer(program: Program, sent: bytes | str, expected: bytes | str) -> RawClient:
    """Connect, send this after the prompt, and expect the answer."""
    client = RawClient(program.address)
    client.expect(PROMPT)
    client.send(sent)
    client.expect(expected)
    return client


# --- names ---------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["", "\n", "\r\n"], ids=["plain", "lines", "crlf"])
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (" ", "Имя не может быть пустым."),
        ("я" * 33, "Это имя слишком длинное."),
        ("я" * 1000, "Это имя слишком длинное."),
        ("a:b", "В имени есть недопустимые знаки."),
        ("a\0b", "В имени есть недопустимые знаки."),
        ("\x1b[2J", "В имени есть недопустимые знаки."),
    ],
)
def test_invalid_names_in_text(
    program: Program, bystander: JsonClient, name: str, reason: str, end: str
) -> None:
    with answer(program, name + end, f"{reason}\n{PROMPT}") as client:
        client.send(name + end)
        client.expect(f"{reason}\n{PROMPT}")
    assert bystander.fence() == []


def test_an_empty_line_is_no_name(program: Program, bystander: JsonClient) -> None:
    with answer(program, "\n", f"Имя не может быть пустым.\n{PROMPT}") as client:
        client.send("/who\n")
        client.expect(f"Сначала назовите себя.\n{PROMPT}")
        client.send("/quit\n")
        client.expect("До встречи!\n")
        client.expect_end()
    assert bystander.fence() == []


@pytest.mark.parametrize("end", ["", "\n"], ids=["plain", "lines"])
def test_a_taken_name_in_text(program: Program, end: str) -> None:
    with JsonClient(program.address) as owner, RawClient(program.address) as other:
        owner.join("Анна")
        other.expect(PROMPT)
        other.send("анна" + end)
        other.expect(f"Это имя уже занято. Свободно, например: анна 2\n{PROMPT}")
        other.send("Борис" + end)
        owner.expect_json(type="joined", name="Борис")
        if end:
            other.expect_greeting()
        owner.say_json(type="say", ref="1", text="привет")
        other.expect("Анна: привет" + end)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", "name_empty"),
        ("я" * 33, "name_too_long"),
        ("я" * 1025, "bad_field"),
        ("a\nb", "name_invalid"),
        ("a\0b", "name_invalid"),
        (None, "bad_field"),
        (["a"], "bad_field"),
    ],
)
def test_invalid_names_in_json(program: Program, bystander: JsonClient, name: object, code: str) -> None:
    with JsonClient(program.address) as client:
        client.expect(PROMPT)
        for _ in range(2):
            client.say_json(type="join", name=name)
            client.expect_json(type="error", code=code)
        client.say_json(type="leave")
        client.expect_json(type="bye", reason="left")
        client.expect_end()
    assert bystander.fence() == []


def test_a_taken_name_in_json(program: Program) -> None:
    with JsonClient(program.address) as owner, JsonClient(program.address) as other:
        owner.join("Анна")
        other.expect(PROMPT)
        other.say_json(type="join", name="АННА")
        other.expect_json(type="error", code="name_taken")
        other.say_json(type="join", name="Борис")
        other.expect_json(type="welcome", name="Борис")


# --- other protocols -----------------------------------------------------------------


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET / HTTP/1.1\r\nHost: localhost:8080\r\n\r\n",
        POST.encode(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        HELLO,
    ],
    ids=["get", "post", "http2", "tls"],
)
def test_http_requests_are_closed_without_a_reply(
    program: Program, bystander: JsonClient, request_bytes: bytes
) -> None:
    with answer(program, request_bytes, "") as client:
        client.expect_end()
    assert bystander.fence() == []


# --- too long ------------------------------------------------------------------------


def test_an_endless_line_in_lines(program: Program) -> None:
    with JsonClient(program.address) as bystander, RawClient(program.address) as client:
        bystander.join("Борис")
        client.join_lines("Анна")
        bystander.expect_json(type="joined", name="Анна")
        client.send(b"x" * (MAX_LINE + 1))
        client.expect("Вы отключены: слишком длинная строка.\n")
        client.expect_end()
        bystander.expect_json(type="left", name="Анна")
        assert bystander.fence() == []


@pytest.mark.parametrize("end", [b"", b"\n"], ids=["endless", "ended"])
@pytest.mark.parametrize("when", ["first", "refused", "joined"])
def test_an_overlong_line_in_json(program: Program, bystander: JsonClient, when: str, end: bytes) -> None:
    with JsonClient(program.address) as client:
        client.expect(PROMPT)
        if when == "joined":
            client.say_json(type="join", name="Анна")
            client.expect_json(type="welcome")
            bystander.expect_json(type="joined")
        elif when == "refused":
            client.say_json(type="join", name="")
            client.expect_json(type="error")
        line = b'{"type":"join","name":"' + b"a" * MAX_LINE + b'"}'
        client.send(line + end)
        client.expect_json(type="bye", reason="line_too_long")
        client.expect_end()
    if when == "joined":
        bystander.expect_json(type="left")
    assert bystander.fence() == []


def test_a_line_of_exactly_the_maximum_is_accepted(program: Program, bystander: JsonClient) -> None:
    with JsonClient(program.address) as client:
        client.join("Анна")
        bystander.expect_json(type="joined")
        line = json.dumps({"type": "ping", "padding": ""})
        client.send(line.replace('""', '"' + "x" * (MAX_LINE - len(line)) + '"') + "\n")
        client.expect_json(type="pong")
        client.say_json(type="leave")
        client.expect_json(type="bye")
    bystander.expect_json(type="left")


def test_a_text_over_the_limit(program: Program) -> None:
    with (
        JsonClient(program.address) as anna,
        RawClient(program.address) as boris,
        JsonClient(program.address) as bystander,
    ):
        bystander.join("Вера")
        anna.join("Анна")
        boris.expect(PROMPT)
        boris.send("Борис\n")
        bystander.expect_json(type="joined", name="Анна")
        bystander.expect_json(type="joined", name="Борис")
        anna.expect_json(type="joined", name="Борис")
        anna.say_json(type="say", ref="1", text="я" * 4001)
        anna.expect_json(type="error", code="too_long", ref="1")
        boris.send("я" * 4001 + "\n")
        bystander.expect_json(type="message", name="Борис", text="я" * 4000)
        bystander.expect_json(type="message", name="Борис", text="я")
        assert bystander.fence() == []


# --- invalid bytes -------------------------------------------------------------------


NOT_UTF8 = "Не UTF-8 (not UTF-8), не отправлено. Выберите: /encoding cp1251 или /encoding cp866\n"


def test_bad_utf8_in_a_name(program: Program, bystander: JsonClient) -> None:
    with answer(program, b"\xff\x01", f"В имени есть недопустимые знаки.\n{PROMPT}"):
        pass
    with answer(program, b"\xff\x01\nbuild ready\n", NOT_UTF8 + PROMPT):
        pass
    assert bystander.fence() == []


@pytest.mark.parametrize("end", [b"", b"\n"], ids=["plain", "lines"])
def test_bad_utf8_and_nul_in_text(program: Program, end: bytes) -> None:
    with JsonClient(program.address) as bystander, RawClient(program.address) as client:
        bystander.join("Борис")
        client.expect(PROMPT)
        client.send("Анна".encode() + end)
        bystander.expect_json(type="joined", name="Анна")
        if end:
            client.expect_greeting()
        client.send(b"a\xe9\0\x1b[0mb" + end)
        if end:
            client.expect(NOT_UTF8)
        else:
            bystander.expect_json(type="message", name="Анна", text="aйb")
        client.send(b"a\0b" + end)
        bystander.expect_json(type="message", name="Анна", text="ab")
        assert bystander.fence() == []


def test_bad_utf8_ends_a_json_connection(program: Program, bystander: JsonClient) -> None:
    with JsonClient(program.address) as client:
        client.join("Анна")
        bystander.expect_json(type="joined")
        client.send(b'{"type":"say","text":"\xff"}\n{"type":"ping"}\n')
        client.expect_json(type="bye", reason="bad_utf8")
        client.expect_end()
    bystander.expect_json(type="left", name="Анна")
    assert bystander.fence() == []


def test_bad_utf8_in_json_before_the_join(program: Program, bystander: JsonClient) -> None:
    with JsonClient(program.address) as client:
        client.expect(PROMPT)
        client.say_json(type="join", name="")
        client.expect_json(type="error", code="name_empty")
        client.send(b'{"type":"join","name":"\xff"}\n')
        client.expect_json(type="bye", reason="bad_utf8")
        client.expect_end()
    assert bystander.fence() == []


def test_a_first_line_of_invalid_json_is_taken_as_a_name(program: Program, bystander: JsonClient) -> None:
    for line in (b'{"type":"join"\n', b"{smile}\n"):
        with answer(program, line, f"В имени есть недопустимые знаки.\n{PROMPT}"):
            pass
    with answer(program, b"{\xff}\n", NOT_UTF8 + PROMPT):
        pass
    assert bystander.fence() == []


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"hello", "bad_json"),
        (b'{"type":"say"', "bad_json"),
        (b'{"type":"say","text":"\0"}', "bad_json"),
        (b'{"type":"say","text":' + b"[" * 60_000 + b"}", "bad_json"),
        (b"[]", "bad_field"),
        (b'{"type":"say"}', "bad_field"),
        (b'{"type":"say","text":"a","ref":""}', "bad_field"),
        (b'{"type":"shout"}', "unknown_type"),
        (b'{"type":"welcome"}', "unknown_type"),
        (b'{"type":"join","name":"x"}', "already_joined"),
        (b'{"type":"say","ref":"r","text":" "}', "blank"),
        (b'{"type":"say","text":"no ref"}', "bad_field"),
    ],
    ids=lambda value: value[:24] if isinstance(value, bytes) else value,
)
def test_invalid_json_commands(program: Program, bystander: JsonClient, line: bytes, code: str) -> None:
    with JsonClient(program.address) as client:
        client.join("Анна")
        bystander.expect_json(type="joined")
        client.send(line + b'\n{"type":"ping"}\n')
        client.expect_json(type="error", code=code)
        client.expect_json(type="pong")
        client.say_json(type="leave")
        client.expect_json(type="bye")
    bystander.expect_json(type="left")
    assert bystander.fence() == []


def test_commands_before_the_join_are_refused(program: Program, bystander: JsonClient) -> None:
    with JsonClient(program.address) as client:
        client.expect(PROMPT)
        client.send('{"type":"ping"}\n{"type":"say","ref":"7","text":"a"}\n{"type":"shout"}\n')
        client.expect_json(type="error", code="join_first")
        client.expect_json(type="error", code="join_first", ref="7")
        client.expect_json(type="error", code="unknown_type")
    assert bystander.fence() == []


def test_a_name_that_looks_like_a_protocol_is_allowed() -> None:
    with (
        running("tcp_server", "--host", "127.0.0.1", "--port", "0") as server,
        JsonClient(server.address) as client,
    ):
        assert client.join("HTTP/2")["name"] == "HTTP/2"


def test_requests_without_reading_the_answers_harm_nobody_else() -> None:
    with (
        running("tcp_server", "--host", "127.0.0.1", "--port", "0", "--grace", "0") as server,
        JsonClient(server.address) as talker,
        JsonClient(server.address) as asker,
    ):
        talker.join("Анна")
        for number in range(600):
            talker.say_json(type="say", ref=str(number), text="x" * 1000)
        talker.fence()
        asker.join("Глухой", history=0)
        talker.expect_json(type="joined")
        asker.send(b'{"type":"history","limit":500}\n' * 1500)
        talker.expect_json(type="left", name="Глухой", reason="slow")
        assert psutil.Process(server.process.pid).memory_info().rss < 100 * 2**20
