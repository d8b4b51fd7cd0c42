"""The handshake: PROXY headers, limits and passwords."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from time import monotonic

import pytest

from tests.support.processes import Program, running
from tests.support.raw import PROMPT, JsonClient, RawClient
from tests.support.timing import TIMEOUT, at_most

FLAGS = ("--host", "127.0.0.1", "--port", "0", "--history", "memory", "--grace", "0")
TRUSTED = ("--trusted-proxy", "127.0.0.0/8")
HEADER = "PROXY TCP4 203.0.113.7 192.0.2.1 40000 8080\r\n"
LOCAL_2 = "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"
"""A header of version 2 without an address."""

ASKED = "Введите пароль: "


def wrong(seconds: int | None) -> str:
    """Return the answer of a text dialect to a wrong password."""
    wait = f"Слишком часто. Подождите {seconds} с.\n" if seconds else ""
    return f"Пароль не подошёл.\n{wait}{ASKED}"


@contextmanager
def server(*flags: str, hasty: bool = False, **secrets: str) -> Iterator[Program]:
    environment = {f"ONEROOM_SERVER_{name.upper()}": secret for name, secret in secrets.items()}
    module = "tests.tcp_server.hasty_server" if hasty else "tcp_server"
    with running(module, *FLAGS, *flags, env=environment) as program:
        yield program


def behind_proxy(program: Program, host: str, name: str | None = None) -> JsonClient:
    """Connect from that address, and join if a name is given."""
    client = JsonClient(program.address)
    client.send(f"PROXY TCP{'6' if ':' in host else '4'} {host} {host} 40000 8080\r\n")
    if name is not None:
        client.join(name)
    return client


# --- PROXY protocol ------------------------------------------------------------------


@pytest.mark.parametrize("header", [HEADER, "PROXY UNKNOWN\r\n", "PROXY UNKNOWN a b c\r\n", LOCAL_2, ""])
@pytest.mark.parametrize("opening", ["Анна", "Анна\n", '{"type":"join","name":"Анна"}\n'])
def test_the_dialect_is_detected_after_the_proxy_header(header: str, opening: str) -> None:
    with server(*TRUSTED) as program, JsonClient(program.address) as vera:
        vera.join("Вера")
        with RawClient(program.address) as client:
            client.expect(PROMPT)
            client.send(header + opening)
            vera.expect_json(type="joined", name="Анна")


def test_a_proxy_header_in_many_pieces() -> None:
    with server(*TRUSTED) as program, RawClient(program.address) as client:
        client.expect(PROMPT)
        for byte in HEADER.encode():
            client.send(bytes([byte]))
        client.send("a:b\n")
        client.expect(f"В имени есть недопустимые знаки.\n{PROMPT}")


@pytest.mark.parametrize(
    "sent",
    [
        "PROXY TCP4 1.2.3.4\r\n",
        "PROXY " + "x" * 200,
        "PROXY TCP4 1.1.1.1 1.1.1.1 1 1\n",
        HEADER + HEADER,
        LOCAL_2.replace("\x20", "\x30"),
    ],
)
def test_a_malformed_proxy_header_ends_the_connection(sent: str) -> None:
    with server(*TRUSTED) as program, RawClient(program.address) as client:
        client.expect(PROMPT)
        client.send(sent)
        client.expect_end()
        said = program.stderr.text.splitlines()
        assert all("refused reason=" in line and "proxy_header " in line for line in said), said


@pytest.mark.parametrize(
    "sent", [HEADER, HEADER + "Анна\n", "PROXY UNKNOWN\r\n", "\r\n\r\n\0\r\nQUIT\n!\x11"]
)
def test_an_untrusted_proxy_header_ends_the_connection(sent: str) -> None:
    with server("--trusted-proxy", "198.51.100.1") as program, JsonClient(program.address) as vera:
        vera.join("Вера")
        with RawClient(program.address) as client:
            client.expect(PROMPT)
            client.send(sent)
            client.expect_end()
        assert vera.fence() == []
        said = program.stderr.wait_for("refused reason=proxy_header ")
        assert "address=127.0.0.1" in said


def test_an_incomplete_proxy_header_times_out() -> None:
    with server(*TRUSTED, "--name-timeout", "0.3") as program, RawClient(program.address) as client:
        client.expect(PROMPT)
        client.send("PROXY TCP4")
        client.expect_end()


# --- limits --------------------------------------------------------------------------


def test_each_address_behind_a_proxy_has_its_own_limit() -> None:
    with server(*TRUSTED, "--max-per-address", "2") as program, ExitStack() as crowd:
        for number in range(2):
            crowd.enter_context(behind_proxy(program, "203.0.113.7", f"a{number}"))
            crowd.enter_context(behind_proxy(program, f"2001:db8::{number}", f"b{number}"))
        for host in ("203.0.113.7", "2001:db8::ffff", "::ffff:203.0.113.7"):
            with behind_proxy(program, host) as third:
                third.expect(PROMPT)
                third.say_json(type="join", name="c")
                third.expect_json(type="bye", reason="full")
                third.expect_end()
        crowd.enter_context(behind_proxy(program, "2001:db8:0:1::", "d"))
        with RawClient(program.address) as lines:
            lines.send(HEADER + "e\n")
            lines.expect(f"{PROMPT}Сейчас слишком много подключений, попробуйте позже.\n")
            lines.expect_end()
        for number in range(10):  # the proxy itself is exempt
            crowd.enter_context(JsonClient(program.address)).join(f"f{number}")


def test_a_disconnected_client_no_longer_counts() -> None:
    with server(*TRUSTED, "--max-per-address", "1") as program:
        for number in range(5):
            with ExitStack() as gone:
                client = gone.enter_context(behind_proxy(program, "203.0.113.7"))
                deadline = monotonic() + TIMEOUT
                while not _joins(client, f"a{number}"):  # the client before may still count
                    assert monotonic() < deadline, "the place is never free again"
                    client = gone.enter_context(behind_proxy(program, "203.0.113.7"))


def _joins(client: JsonClient, name: str) -> bool:
    client.expect(PROMPT)
    client.say_json(type="join", name=name)
    return bool(client.read_json()["type"] == "welcome")


def test_the_limit_per_minute_and_address() -> None:
    with server(*TRUSTED, "--joins", "3") as program:
        for number in range(3):
            with behind_proxy(program, "203.0.113.7", f"a{number}"):
                pass
        with behind_proxy(program, "203.0.113.7") as fourth:
            fourth.expect(PROMPT)
            fourth.say_json(type="join", name="d")
            fourth.expect_json(type="bye", reason="full")
        with behind_proxy(program, "203.0.113.8", "e"):
            pass


def test_a_refused_client_that_sends_nothing_is_closed_soon() -> None:
    with (
        server(*TRUSTED, "--joins", "1") as program,
        behind_proxy(program, "203.0.113.7", "a"),
        behind_proxy(program, "203.0.113.7") as refused,
    ):
        refused.expect(PROMPT)
        refused.expect_end()


# --- the room's password -------------------------------------------------------------


@pytest.mark.parametrize("end", ["", "\n"], ids=["plain", "lines"])
def test_text_dialects_are_asked_for_the_password(end: str) -> None:
    with server(password="сезам 1") as program, JsonClient(program.address) as vera:
        vera.join("Вера", password="сезам 1")
        with RawClient(program.address) as client:
            client.expect(PROMPT)
            client.send("Анна" + end)
            client.expect(ASKED)
            client.send("сезам" + end)
            client.expect(wrong(1 if end else None))  # plain is not told of the wait
            client.send("сезам 1" + end)
            vera.expect_json(type="joined", name="Анна")
            client.send("привет" + end)
            vera.expect_json(type="message", name="Анна", text="привет")


def test_name_password_and_text_may_be_sent_at_once() -> None:
    with server(password="сезам") as program, JsonClient(program.address) as vera:
        vera.join("Вера", password="сезам")
        with RawClient(program.address) as client:
            client.send("Анна\nсезам\nпривет\n/quit\n")
            client.expect(PROMPT + ASKED)
            client.expect_greeting()
            client.expect("До встречи!\n")
        vera.expect_json(type="joined", name="Анна")
        vera.expect_json(type="message", text="привет")


def test_a_command_instead_of_the_password_is_answered_with_the_question() -> None:
    with server(password="сезам") as program, RawClient(program.address) as client:
        client.send("Анна\n/who\n/nonsense\n\n/quit\n")
        client.expect(PROMPT + 4 * ASKED + "До встречи!\n")
        client.expect_end()


@pytest.mark.parametrize("end", ["", "\n"], ids=["plain", "lines"])
def test_after_the_right_password_only_the_name_is_asked_again(end: str) -> None:
    with (
        server(password="сезам") as program,
        JsonClient(program.address) as vera,
        RawClient(program.address) as client,
    ):
        vera.join("Вера", password="сезам")
        client.expect(PROMPT)
        client.send("Вера" + end)
        client.expect(ASKED)
        client.send("сезам" + end)
        client.read_until(PROMPT)
        client.send("a:b" + end)
        client.expect(f"В имени есть недопустимые знаки.\n{PROMPT}")
        client.send("Анна" + end)
        vera.expect_json(type="joined", name="Анна")


def test_json_repeats_the_join_with_the_password() -> None:
    with server(password="сезам") as program, JsonClient(program.address) as client:
        client.expect(PROMPT)
        client.say_json(type="join", name="Анна")
        client.expect_json(type="error", code="password_required")
        asked = monotonic()  # before it is sent: the client may be slow to read the answer
        client.say_json(type="join", name="Анна", password="нет")
        client.expect_json(type="error", code="password_wrong")
        client.expect_json(type="throttled", seconds=0.5)
        client.say_json(type="join", name="Анна", password="сезам")
        client.expect_json(type="welcome")
        assert monotonic() - asked >= 0.5


def expect_five_wrong(client: JsonClient) -> None:
    for seconds in (0.5, 1.0, 2.0, 4.0):
        client.expect_json(type="error", code="password_wrong")
        client.expect_json(type="throttled", seconds=seconds)
    client.expect_json(type="error", code="password_wrong")


@pytest.mark.parametrize("end", ["\n", None], ids=["lines", "json"])
def test_five_wrong_passwords_end_the_connection(end: str | None) -> None:
    with server(hasty=True, password="сезам") as program, JsonClient(program.address) as client:
        client.expect(PROMPT)
        if end is None:
            for _ in range(5):
                client.say_json(type="join", name="Анна", password="a")
            expect_five_wrong(client)
            client.expect_json(type="bye", reason="password")
        else:
            client.send("Анна\n" + "a\n" * 5)
            client.expect(ASKED + wrong(1) + wrong(1) + wrong(2) + wrong(4) + wrong(None))
            client.expect("Вы отключены: слишком много неверных паролей.\n")
        client.expect_end()


def test_an_address_with_many_wrong_passwords_is_refused_for_a_time() -> None:
    with server(*TRUSTED, password="сезам") as program, ExitStack() as crowd:
        for number in range(5):
            client = crowd.enter_context(behind_proxy(program, "203.0.113.7"))
            client.expect(PROMPT)
            client.say_json(type="join", name="a", password=str(number))
            client.expect_json(type="error", code="password_wrong")
        late = crowd.enter_context(behind_proxy(program, "203.0.113.7"))
        late.expect(PROMPT)
        late.say_json(type="join", name="a", password="сезам")
        assert 10 - at_most(5) < late.expect_json(type="error", code="too_fast")["retry_after"] <= 10
        lines = crowd.enter_context(RawClient(program.address))
        lines.send(HEADER + "Анна\nсезам\n")
        lines.expect(PROMPT + ASKED + "Слишком часто. Подождите ")
        lines.read_until(ASKED)
        with behind_proxy(program, "203.0.113.8") as other:
            other.expect(PROMPT)
            other.say_json(type="join", name="b", password="сезам")
            other.expect_json(type="welcome")


def test_on_an_exempt_address_the_right_password_gets_in_after_many_wrong_ones() -> None:
    with server(hasty=True, password="сезам", moderator_password="страж") as program, ExitStack() as crowd:
        for number in range(61):  # the burst, and one that waits
            client = crowd.enter_context(JsonClient(program.address))
            client.send(f'{{"type":"join","name":"a","password":"{number}"}}\n' * 2)
        honest = crowd.enter_context(JsonClient(program.address))
        honest.expect(PROMPT)
        honest.say_json(type="join", name="Анна", password="сезам")
        while (told := honest.read_json())["type"] == "throttled":
            pass
        assert told["type"] == "welcome"
        honest.say_json(type="authenticate", password="страж")  # with a limit of its own
        honest.expect_json(type="role", moderator=True)


def test_wrong_moderator_passwords_end_the_connection_too() -> None:
    with (
        server(hasty=True, moderator_password="страж") as program,
        JsonClient(program.address) as client,
        JsonClient(program.address) as vera,
    ):
        vera.join("Вера")
        client.join("Анна")
        vera.expect_json(type="joined")
        for _ in range(5):
            client.say_json(type="authenticate", password="a")
        expect_five_wrong(client)
        client.expect_json(type="bye", reason="password")
        client.expect_end()
        vera.expect_json(type="left", name="Анна")
        vera.say_json(type="authenticate", password="страж")
        vera.expect_json(type="role", moderator=True)


def test_no_password_is_in_any_log() -> None:
    with (
        server(password="сезам-7", moderator_password="страж-7") as program,
        JsonClient(program.address) as client,
    ):
        client.expect(PROMPT)
        client.say_json(type="join", name="Анна", password="сезам-8")
        client.expect_json(type="error")
    assert "сезам" not in program.stderr.text + program.stdout.text
