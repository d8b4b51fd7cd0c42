"""What nc, ncat, socat, telnet and plink send: ends of input, scripts, Telnet."""

from contextlib import suppress
from time import monotonic, sleep

import pexpect
import pytest

from tests.support.processes import Program
from tests.support.raw import PROMPT, JsonClient, RawClient
from tests.support.requirements import needs_nc, needs_ncat, needs_plink, needs_socat, needs_telnet
from tests.support.timing import TIMEOUT
from tests.tcp_server.connection.programs import NC, NCAT, PUTTY, SOCAT, in_terminal, run

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
        while received.decode(errors="ignore") not in (REFUSED, 2 * REFUSED):  # again, if this test is late
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


# --- Telnet --------------------------------------------------------------------------


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
