"""What nc, ncat, socat, telnet and plink send, and what their users then read."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import monotonic, sleep

import pexpect
import pytest

from tests.support.processes import Program, running
from tests.support.raw import PROMPT, JsonClient, RawClient, without_greeting
from tests.support.requirements import needs_nc, needs_ncat, needs_plink, needs_socat, needs_telnet
from tests.support.timing import TIMEOUT

FLAGS = ("--host", "127.0.0.1", "--port", "0", "--history", "memory", "--grace", "0")

NC = ("nc", "-N", "{host}", "{port}")
NCAT = ("ncat", "{host}", "{port}")
PUTTY = b"\xff\xfb\x1f\xff\xfb\x20\xff\xfb\x18\xff\xfb\x27\xff\xfd\x01\xff\xfb\x03\xff\xfd\x03"
SOCAT = ("socat", "-t", "5", "-", "TCP:{host}:{port}")


@pytest.fixture
def server() -> Iterator[Program]:
    with running("tcp_server", *FLAGS) as program:
        yield program


@pytest.fixture
def vera(server: Program) -> Iterator[JsonClient]:
    """A member who hears what the programs say."""
    with JsonClient(server.address) as client:
        client.join("Вера")
        yield client


def run(server: Program, command: tuple[str, ...], sent: str) -> str:
    """Run a program at the server with that on its stdin; return what it printed."""
    return run_bytes(server, command, sent.encode()).decode()


def run_bytes(server: Program, command: tuple[str, ...], sent: bytes) -> bytes:
    host, port = server.address
    filled = [word.format(host=host, port=port) for word in command]
    return subprocess.run(filled, input=sent, capture_output=True, timeout=TIMEOUT, check=False).stdout


# --- the end of input ----------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(NC, id="nc", marks=needs_nc),
        pytest.param(NCAT, id="ncat", marks=needs_ncat),
        pytest.param(SOCAT, id="socat", marks=needs_socat),
    ],
)
def test_the_last_line_of_a_script_needs_no_line_end(
    server: Program, vera: JsonClient, command: tuple[str, ...]
) -> None:
    assert run(server, command, "Ann\nhello\nlast words").startswith(PROMPT)
    vera.expect_json(type="joined", name="Ann")
    vera.expect_json(type="message", name="Ann", text="hello")
    vera.expect_json(type="message", name="Ann", text="last words")
    vera.expect_json(type="left", name="Ann")


@needs_nc
def test_the_last_line_can_be_a_command(server: Program) -> None:
    assert run(server, NC, "Ann\n/quit").endswith("До встречи!\n")


@needs_nc
def test_the_last_line_of_json_needs_no_line_end(server: Program, vera: JsonClient) -> None:
    said = run(server, NC, '{"type":"join","name":"Ann"}\n{"type":"say","ref":"r","text":"bye"}')
    assert '"type":"ack","ref":"r"' in said
    vera.expect_json(type="joined", name="Ann")
    vera.expect_json(type="message", name="Ann", text="bye")


def test_the_end_of_input_ends_the_line_that_joins(server: Program) -> None:
    with RawClient(server.address) as client:
        client.expect(PROMPT)
        client.send('{"type":"join","name":"Ann"}')
        client.end_input()
        assert b'"type":"welcome"' in client.read_to_end()


@pytest.mark.parametrize("opening", ["{smile}", "a:b\nc:d"])
def test_a_refused_name_and_the_end_of_input_end_the_connection(
    server: Program, vera: JsonClient, opening: str
) -> None:
    with RawClient(server.address) as client:
        client.expect(PROMPT)
        client.send(opening)
        client.end_input()
        assert client.read_to_end().decode().startswith("В имени есть недопустимые знаки.\n")
    assert vera.fence() == []


# --- a refused name, and U+FEFF ---------------------------------------------------------

REFUSED = f"В имени есть недопустимые знаки.\n{PROMPT}"


@needs_nc
def test_the_second_line_of_a_script_is_no_name(server: Program, vera: JsonClient) -> None:
    assert run(server, NC, "a:b\nbuild ready\n") == PROMPT + REFUSED
    assert vera.fence() == []


@pytest.mark.parametrize(
    "parts",
    [
        ("a:b\n", "build ready\n", "done\n"),
        ("a:b", "build ready"),
        ("/who\nbuild ready\n",),
        ("a:b\nbuild", " ready\n"),
        ("a:b\n" + "build ready\n" * 10_000,),
        ("\ufeffa:b\r\n", "build ready\r\n"),
    ],
    ids=lambda parts: parts[0][:24],
)
def test_what_is_sent_behind_a_refused_name_is_dropped(
    server: Program, vera: JsonClient, parts: tuple[str, ...]
) -> None:
    with RawClient(server.address) as client:
        client.expect(PROMPT)
        for part in parts:
            client.send(part)
            sleep(0.01)  # a packet of its own
        client.read_until(PROMPT)
        client.send("Анна\n")
        vera.expect_json(type="joined", name="Анна")


def test_the_rest_of_a_dropped_line_is_dropped(server: Program, vera: JsonClient) -> None:
    with RawClient(server.address) as client:
        client.expect(PROMPT)
        client.send("a:b\nbuild re")
        client.expect(REFUSED)
        client.send("ady\nАнна\n")
        vera.expect_json(type="joined", name="Анна")


def test_quit_is_heeded_behind_a_refused_name(server: Program) -> None:
    with RawClient(server.address) as client:
        client.send("a:b\nhello\n/quit\n")
        client.expect(PROMPT + REFUSED + "До встречи!\n")
        client.expect_end()


def test_a_stream_without_end_behind_a_refused_name_is_dropped_for_a_while(server: Program) -> None:
    with RawClient(server.address) as client:
        client.expect(PROMPT)
        client.send("a:b\n")
        deadline = monotonic() + TIMEOUT
        received = b""
        client.socket.settimeout(0.02)  # less than the pause that ends the dropping
        while received.decode(errors="ignore") != REFUSED:
            assert monotonic() < deadline, "the refusal is never sent"
            client.socket.send(b"x\n")
            with suppress(TimeoutError):
                received += client.socket.recv(1024)


@pytest.mark.parametrize(
    "said", ["\ufeffАнна\n/who\n", '\ufeff{"type":"join","name":"Анна"}\n', "\ufeffАнна"], ids=ascii
)
def test_a_byte_order_mark_at_the_start_is_dropped(server: Program, vera: JsonClient, said: str) -> None:
    for cut in (0, 1, 2, 3):
        with RawClient(server.address) as client:
            client.expect(PROMPT)
            for part in (said.encode()[:cut], said.encode()[cut:]):
                client.send(part)
                sleep(0.01)
            vera.expect_json(type="joined", name="Анна")
        vera.expect_json(type="left", name="Анна")


# --- other encodings -----------------------------------------------------------------


@needs_nc
def test_a_script_in_cp866_chooses_its_encoding(server: Program, vera: JsonClient) -> None:
    said = run_bytes(server, NC, "/encoding cp866\r\nАнна\r\nЯ здесь\r\n/who\r\n/quit\r\n".encode("cp866"))
    vera.expect_json(type="joined", name="Анна")
    vera.expect_json(type="message", name="Анна", text="Я здесь")
    assert said.startswith(PROMPT.encode())
    answers = said.removeprefix(PROMPT.encode()).decode("cp866")
    assert answers.startswith(f"Кодировка теперь cp866.\n{PROMPT}")
    assert "Вера, Анна\n" in answers


@needs_nc
def test_a_script_that_does_not_say_its_encoding_is_told_how(server: Program, vera: JsonClient) -> None:
    said = run_bytes(server, NC, "Анна\r\nпривет\r\nready\r\n".encode("cp1251"))
    assert b"/encoding cp1251" in said
    assert vera.fence() == []


def test_what_others_say_comes_in_the_encoding_chosen(server: Program, vera: JsonClient) -> None:
    with RawClient(server.address) as client:
        client.expect(PROMPT)
        client.send(PUTTY + b"Anna\r\n/encoding cp1251\r\n")
        client.read_until("Кодировка теперь cp1251.\n".encode("cp1251"))
        vera.expect_json(type="joined", name="Anna")
        vera.say_json(type="say", ref="1", text="моя 👍")
        client.expect("Вера: моя ?\n".encode("cp1251").replace(b"\xff", b"\xff\xff"))
        with RawClient(server.address) as other:
            other.send("Пётр\n")
            client.expect("Пётр присоединился к чату!\n".encode("cp1251").replace(b"\xff", b"\xff\xff"))


def test_the_encoding_is_chosen_at_the_password() -> None:
    with (
        running("tcp_server", *FLAGS, env={"ONEROOM_SERVER_PASSWORD": "сезам"}) as program,
        RawClient(program.address) as client,
    ):
        asked = "Введите пароль: "
        client.send("Anna\n")
        client.expect(PROMPT + asked)
        client.send("сезам\n".encode("cp1251"))
        client.read_until(f"/encoding cp866\n{asked}")
        client.send("/encoding cp1251\n")
        client.expect(f"Кодировка теперь cp1251.\n{asked}".encode("cp1251"))
        client.send("сезам\n/who\n".encode("cp1251"))
        client.read_until(b": Anna\n")


def test_a_plain_client_in_cp1251(server: Program, vera: JsonClient) -> None:
    with RawClient(server.address) as client:
        client.expect(PROMPT)
        client.send("Настя".encode("cp1251"))
        vera.expect_json(type="joined", name="Настя")
        client.send("гуляю".encode("cp1251"))
        vera.expect_json(type="message", text="гуляю")
        client.send("ура".encode())
        vera.expect_json(type="message", text="ура")


# --- the greeting ------------------------------------------------------------------------


@needs_nc
def test_a_greeting_in_lines_and_none_in_plain(server: Program, vera: JsonClient) -> None:
    greeting = "Здесь сейчас: Вера · команды: /help · English: /lang en\n"
    assert run(server, NC, "Анна\n/quit\n") == f"{PROMPT}{greeting}До встречи!\n"
    vera.expect_json(type="joined")
    vera.expect_json(type="left")
    assert run(server, NC, "Анна") == PROMPT
    vera.expect_json(type="joined")
    vera.expect_json(type="left")
    vera.say_json(type="leave")
    vera.expect_json(type="bye")
    alone = "Кроме вас здесь пока никого · команды: /help · English: /lang en\n"
    assert run(server, NC, "Анна\n/quit\n") == f"{PROMPT}{alone}До встречи!\n"


@needs_telnet
def test_a_greeting_in_telnet(server: Program, vera: JsonClient) -> None:
    with in_terminal(server, "telnet", "{host}", "{port}") as telnet:
        telnet.send("Анна\r")
        vera.expect_json(type="joined", name="Анна")
        telnet.expect_exact("Здесь сейчас: Вера · команды: /help · English: /lang en\r\n".encode())


# --- English -----------------------------------------------------------------------------


@needs_nc
def test_english_is_chosen_before_the_name_or_later(server: Program, vera: JsonClient) -> None:
    changed = f"{PROMPT}The language is now English.\n{PROMPT}"
    assert run(server, NC, "/lang en\nAnn\n/kick Bob\n/quit\n") == (
        f"{changed}Here now: Вера - commands: /help\nOnly a moderator can do this.\nSee you!\n"
    )
    vera.expect_json(type="joined", name="Ann")
    said = run(server, NC, "Ann\n/lang\n/lang en\n/lang de\n/who\n/lang ru\n/quit\n")
    assert without_greeting(said) == (
        f"{PROMPT}Пишут так: /lang ru (по-русски), /lang en (in English)\n"
        "The language is now English.\n"
        "Write it like this: /lang en (in English), /lang ru (по-русски)\n"
        "In the chat now (2): Вера, Ann\n"
        "Язык теперь русский.\nДо встречи!\n"
    )


@needs_telnet
def test_english_in_telnet_and_another_encoding(server: Program, vera: JsonClient) -> None:
    with in_terminal(server, "telnet", "{host}", "{port}") as telnet:
        telnet.send("Ann\r")
        vera.expect_json(type="joined", name="Ann")
        telnet.send("/encoding cp866\r/lang en\r")
        telnet.expect_exact(b"The language is now English.\r\n")
        vera.say_json(type="say", ref="1", text="привет")
        telnet.expect_exact("Вера: привет\r\n".encode("cp866"))
        vera.say_json(type="leave")
        telnet.expect_exact("Вера покинул чат.\r\n".encode("cp866"))


def test_the_password_is_asked_for_in_english() -> None:
    with (
        running("tcp_server", *FLAGS, env={"ONEROOM_SERVER_PASSWORD": "сезам"}) as program,
        RawClient(program.address) as client,
    ):
        asked = "Enter the password: "
        client.send("Ann\n")
        client.expect(f"{PROMPT}Введите пароль: ")
        client.send("/lang en\n")
        client.expect(f"The language is now English.\n{asked}")
        client.send("no\n")
        client.expect("This password is wrong.\nYou are too fast.")
        client.read_until(asked)


# --- a message by its number ------------------------------------------------------------


@needs_nc
def test_a_message_is_shown_by_its_number(server: Program, vera: JsonClient) -> None:
    vera.say_json(type="say", ref="1", text="раз\nдва")
    vera.expect_json(type="ack", id=1)
    said = run(server, NC, "Анна\n/show #1\n/show 1\n/show 7\n/show\n/quit\n")
    shown = r"#1 \d\d\.\d\d \d\d:\d\d Вера: раз\n    два\n"
    assert re.search(f"{shown}{shown}Сообщения #7 нет\\.\nПишут так: /show #номер\n", said)


# --- Telnet --------------------------------------------------------------------------


@contextmanager
def in_terminal(server: Program, *command: str) -> Iterator["pexpect.spawn[bytes]"]:
    """Run a program in a terminal; it has ended afterwards."""
    host, port = server.address
    program, *arguments = [word.format(host=host, port=port) for word in command]
    child: pexpect.spawn[bytes] = pexpect.spawn(program, arguments, timeout=TIMEOUT)
    child.delaybeforesend = None
    try:
        child.expect_exact(PROMPT.strip().encode())
        yield child
    finally:
        child.close(force=True)


@needs_telnet
@pytest.mark.parametrize("when", ["before the name", "after the name"])
def test_ctrl_c_in_telnet_leaves_nobody_deaf(server: Program, vera: JsonClient, when: str) -> None:
    with in_terminal(server, "telnet", "{host}", "{port}") as telnet:
        if when == "before the name":
            telnet.sendcontrol("c")
        telnet.send("Анна\r")
        vera.expect_json(type="joined", name="Анна")
        if when == "after the name":
            telnet.sendcontrol("c")
        telnet.send("раз\r")
        vera.expect_json(type="message", name="Анна", text="раз")  # behind the answer to the timing mark
        vera.say_json(type="say", ref="1", text="слышно?")
        vera.expect_json(type="ack")
        telnet.expect_exact("Вера: слышно?\r\n".encode())


@needs_plink
def test_putty_negotiates_before_the_name(server: Program, vera: JsonClient) -> None:
    with in_terminal(server, "plink", "-telnet", "-P", "{port}", "{host}") as plink:
        plink.send("Анна\r")
        vera.expect_json(type="joined", name="Анна")
        plink.send("привет\r/who\r")
        vera.expect_json(type="message", name="Анна", text="привет")
        plink.expect_exact("Вера, Анна\r\n".encode())
        plink.send("/quit\r")
        plink.expect_exact("До встречи!\r\n".encode())
        plink.expect(pexpect.EOF)


@needs_plink
@pytest.mark.parametrize("kind", ["-telnet", "-raw"])
def test_the_end_of_plinks_input(server: Program, vera: JsonClient, kind: str) -> None:
    run(server, ("plink", kind, "-P", "{port}", "{host}"), "Анна\nраз\nдва")
    vera.expect_json(type="joined", name="Анна")
    vera.expect_json(type="message", text="раз")
    vera.expect_json(type="message", text="два")
    vera.expect_json(type="left")


@needs_plink
@pytest.mark.parametrize("said", ["", "Анна"])
def test_plink_with_little_or_nothing_to_say(server: Program, said: str) -> None:
    assert run(server, ("plink", "-telnet", "-P", "{port}", "{host}"), said).startswith(PROMPT)


@pytest.mark.parametrize("end", ["\r\n", "\r\0", "\n"], ids=ascii)
def test_putty_sends_a_line_and_its_end_apart(server: Program, vera: JsonClient, end: str) -> None:
    with RawClient(server.address) as client:
        client.expect(PROMPT)
        for part in (PUTTY, "Анна", end):
            client.send(part)
            sleep(0.01)  # a packet of its own
        vera.expect_json(type="joined", name="Анна")
        client.expect_greeting()
        client.send(f"/who{end}")
        client.expect("Сейчас в чате (2): Вера, Анна\n")


def test_telnet_in_plain(server: Program, vera: JsonClient) -> None:
    with RawClient(server.address) as client:
        client.expect(PROMPT)
        client.send(PUTTY)
        client.send("Анна")
        vera.expect_json(type="joined", name="Анна")
        client.send("раз".encode() + b"\xff")
        client.send(b"\xf4\xff\xfd\x06")
        client.expect(b"\xff\xfb\x06")
        client.send("два".encode() + b"\xff\xfd\x06")
        client.expect(b"\xff\xfb\x06")
        for text in ("раз", "два"):
            vera.expect_json(type="message", text=text)
