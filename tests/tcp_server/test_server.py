"""The server as a process: joining, timeouts, limits, start and shutdown."""

import re
import resource
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from tests.support.processes import Program, running, start
from tests.support.raw import PROMPT, DeafClient, JsonClient, RawClient, without_greeting
from tests.support.requirements import needs_prlimit
from tests.support.timing import TIMEOUT, at_most

LOCAL = ("--host", "127.0.0.1", "--port", "0", "--history", "memory")
FULL = "Сейчас слишком много подключений, попробуйте позже.\n"


@contextmanager
def server(*flags: str) -> Iterator[Program]:
    with running("tcp_server", *LOCAL, *flags) as program:
        yield program


def plain_client(program: Program, name: str) -> RawClient:
    client = RawClient(program.address)
    client.expect(PROMPT)
    client.send(name)
    return client


def lines_client(program: Program, name: str) -> RawClient:
    client = RawClient(program.address)
    client.join_lines(name)
    return client


def json_client(program: Program, name: str, **fields: Any) -> JsonClient:
    client = JsonClient(program.address)
    client.join(name, **fields)
    return client


# --- one room ------------------------------------------------------------------------


def test_three_dialects_in_one_room() -> None:
    with (
        server() as program,
        json_client(program, "Вера") as json,
        plain_client(program, "Анна") as plain,
    ):
        json.expect_json(type="joined", name="Анна")
        with lines_client(program, "Борис") as lines:
            json.expect_json(type="joined", name="Борис")
            plain.expect("Борис присоединился к чату!")
            plain.send("привет\nвсем")
            lines.expect("Анна: привет\nАнна: всем\n")
            json.expect_json(type="message", id=1, name="Анна", text="привет\nвсем")
            lines.send("и тебе\r\n//who\n/who\n")
            lines.expect("Сейчас в чате (3): Вера, Анна, Борис\n")
            json.expect_json(type="message", id=2, name="Борис", text="и тебе")
            json.expect_json(type="message", id=3, name="Борис", text="/who")
            plain.expect("Борис: и тебе")
            plain.read_until("Борис: /who")
            json.say_json(type="typing")
            json.say_json(type="say", ref="r", text="раз\nдва")
            json.expect_json(type="ack", ref="r", id=4)
            lines.expect("Вера: раз\nВера: два\n")
            plain.expect("Вера: раз\nдва")
            lines.send("/quit\n")
            lines.expect("До встречи!\n")
            lines.expect_end()
        plain.expect("Борис покинул чат.")
        json.expect_json(type="left", name="Борис")
        json.say_json(type="leave")
        json.expect_json(type="bye", reason="left")
        plain.expect("Вера покинул чат.")
        plain.socket.shutdown(socket.SHUT_WR)
        plain.expect_end()


def test_a_character_split_across_two_reads() -> None:
    with server() as program, json_client(program, "Вера") as json, RawClient(program.address) as plain:
        plain.expect(PROMPT)
        for byte in "Я".encode():  # no name before the second byte
            plain.send(bytes([byte]))
        json.expect_json(type="joined", name="Я")
        cut = "привет, мир"
        plain.send(cut.encode()[:-1])
        json.expect_json(type="message", text="привет, ми")
        plain.send(cut.encode()[-1:])
        json.expect_json(type="message", text="р")


def test_a_half_closed_client_gets_its_answers() -> None:
    with server() as program, RawClient(program.address) as client:
        client.send("Анна\nраз\n/who\n/history 5\n")
        client.socket.shutdown(socket.SHUT_WR)
        said = without_greeting(client.read_to_end().decode())
        assert re.fullmatch(
            re.escape(PROMPT) + r"Сейчас в чате \(1\): Анна\n#1 \d\d\.\d\d \d\d:\d\d Анна: раз\n", said
        )


def test_a_reconnect_within_the_grace_period_is_silent() -> None:
    with server() as program, json_client(program, "Борис") as boris:
        with JsonClient(program.address) as anna:
            welcome = anna.join("Анна")
            boris.expect_json(type="joined", name="Анна")
        with JsonClient(program.address) as stranger:
            stranger.expect(PROMPT)
            stranger.say_json(type="join", name="Анна")
            stranger.expect_json(type="error", code="name_taken")
        boris.say_json(type="say", ref="1", text="ты где?")
        boris.expect_json(type="ack", id=1)
        with JsonClient(program.address) as anna:
            since = {"epoch": welcome["epoch"], "id": 0}
            back = anna.join("Кто-то", session=welcome["session"], since=since)
            assert back["name"] == "Анна"
            assert [message["text"] for message in back["messages"]] == ["ты где?"]
            assert boris.fence() == []


# --- timeouts and resets -------------------------------------------------------------


def test_the_name_timeout_is_announced() -> None:
    with (
        server("--name-timeout", "1") as program,
        JsonClient(program.address) as json,
        plain_client(program, "a:b\n") as lines,
        RawClient(program.address) as silent,
    ):
        json.expect(PROMPT)
        json.say_json(type="join", name="")
        json.expect_json(type="error")
        json.expect_json(type="bye", reason="late")
        json.expect_end()
        lines.read_until(PROMPT)
        lines.expect("Время на ввод имени вышло.\n")
        lines.expect_end()
        silent.expect(PROMPT)
        silent.expect_end()


def test_the_name_timeout_ends_a_name_sent_byte_by_byte() -> None:
    with server("--name-timeout", "0.3") as program, RawClient(program.address) as slow:
        slow.expect(PROMPT)
        slow.socket.settimeout(0.01)
        ended = False
        deadline = monotonic() + TIMEOUT
        while not ended:
            assert monotonic() < deadline, "never put out"
            slow.socket.send(b"{")
            try:
                ended = slow.socket.recv(100) == b""
            except TimeoutError:
                continue


def test_the_idle_timeout_ends_json_and_not_text() -> None:
    with (
        server("--idle-timeout", "0.3", "--grace", "0") as program,
        lines_client(program, "Анна") as lines,
    ):
        lines.send("/who\n")
        lines.expect("Сейчас в чате (1): Анна\n")
        with json_client(program, "Борис") as json:
            lines.expect("Борис присоединился к чату!\n")
            json.expect_json(type="bye", reason="silent")
            json.expect_end()
        lines.expect("Борис покинул чат.\n")
        lines.send("/who\n")
        lines.expect("Сейчас в чате (1): Анна\n")


def test_eight_resets_do_no_harm() -> None:
    with server("--grace", "0") as program, json_client(program, "Борис") as boris:
        crowd: list[RawClient] = [json_client(program, f"json{number}") for number in range(4)]
        crowd += [
            (plain_client if number % 2 else lines_client)(program, f"text{number}") for number in range(4)
        ]
        for _ in crowd:
            boris.expect_json(type="joined")
        for client in crowd:
            client.reset()
        left = {boris.expect_json(type="left")["name"] for _ in crowd}
        assert left == {f"{kind}{number}" for kind in ("json", "text") for number in range(4)}
        with lines_client(program, "Анна") as anna:
            boris.expect_json(type="joined", name="Анна")
            boris.say_json(type="say", ref="1", text="все здесь?")
            anna.expect("Борис: все здесь?\n")


# --- limits --------------------------------------------------------------------------


def test_the_connection_limit() -> None:
    with server("--max-connections", "2") as program, json_client(program, "Борис") as boris:
        with lines_client(program, "Анна") as anna:
            boris.expect_json(type="joined", name="Анна")
            with RawClient(program.address) as third:
                third.expect(FULL)
                third.expect_end()
            boris.say_json(type="say", ref="1", text="нас двое")
            anna.expect("Борис: нас двое\n")
        boris.expect_json(type="ack")
        boris.expect_json(type="left", name="Анна")
        with _next_admitted(program):
            pass


def _next_admitted(program: Program) -> RawClient:
    """Connect until the disconnected client no longer counts."""
    deadline = monotonic() + TIMEOUT
    while True:
        client = RawClient(program.address)
        greeting = client.read_until(" ")
        if PROMPT.encode().startswith(greeting):
            return client
        client.close()
        assert monotonic() < deadline, "never let in again"


@needs_prlimit
def test_without_descriptors_newcomers_are_refused_and_others_unharmed() -> None:
    with server() as program, json_client(program, "Борис") as boris, lines_client(program, "Анна") as anna:
        boris.expect_json(type="joined", name="Анна")
        pid = program.process.pid
        limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        in_use = max(int(link.name) for link in Path(f"/proc/{pid}/fd").iterdir()) + 1
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (in_use, limits[1]))
        for _ in range(20):
            with RawClient(program.address) as newcomer:
                newcomer.expect(FULL)
                newcomer.expect_end()
        boris.say_json(type="say", ref="1", text="ты здесь?")
        boris.expect_json(type="ack")
        anna.expect("Борис: ты здесь?\n")
        anna.send("да\n")
        boris.expect_json(type="message", text="да")
        resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
        with lines_client(program, "Вера"):
            boris.expect_json(type="joined", name="Вера")
        [line] = program.stderr.wait_for("\n").splitlines()
        assert "WARNING refused reason=descriptors error=Too many open files" in line


def test_few_descriptors_lower_the_connection_limit() -> None:
    command = f"ulimit -n 38; exec {sys.executable} -m tcp_server {' '.join(LOCAL)}"
    program = start("sh", "-c", command)
    try:
        program.stdout.wait_for("\n")
        with ExitStack() as crowd:
            for number in range(6):
                crowd.enter_context(json_client(program, f"n{number}"))
            with RawClient(program.address) as seventh:
                seventh.expect(FULL)
        assert program.stop() == 0
    finally:
        if program.process.poll() is None:
            program.kill()
    program.assert_no_crash()


# --- start and shutdown --------------------------------------------------------------


@pytest.mark.parametrize("with_signal", [signal.SIGTERM, signal.SIGINT])
def test_shutdown_says_bye_to_two_hundred_clients(with_signal: signal.Signals) -> None:
    with server() as program, ExitStack() as crowd:
        first = crowd.enter_context(json_client(program, "first"))
        json = [crowd.enter_context(json_client(program, f"json{number}")) for number in range(99)]
        lines = [crowd.enter_context(lines_client(program, f"lines{number}")) for number in range(50)]
        plain = [crowd.enter_context(plain_client(program, f"plain{number}")) for number in range(30)]
        deaf = [crowd.enter_context(_deaf_client(program, f"deaf{number}")) for number in range(20)]
        for _ in range(199):
            first.expect_json(type="joined")
        for number in range(50):
            first.say_json(type="say", ref=str(number), text=f"{number} " + "x" * 3990)
        first.fence()
        started = monotonic()
        assert program.stop(with_signal) == 0
        assert monotonic() - started < at_most(5)
        for client in [first, *json]:
            assert client.read_to_end().endswith(b'{"type":"bye","reason":"shutdown"}\n')
        for other in lines:
            assert other.read_to_end().decode().endswith("x\nСервер остановлен. До встречи!\n")
        for other in plain:
            assert other.read_to_end().endswith(b"x")
        assert len(deaf) == 20


def _deaf_client(program: Program, name: str) -> RawClient:
    client = DeafClient(program.address)
    client.expect(PROMPT)
    client.send(f"{name}\n")
    return client


def test_a_restart_on_the_same_port_works_at_once() -> None:
    with server("--close-timeout", "0.1") as program, json_client(program, "Анна") as anna:
        port = program.port
        assert program.stop() == 0
        assert anna.expect_json(type="bye", reason="shutdown")
        with server("--port", str(port)) as again, json_client(again, "Анна"):
            assert again.port == port


@pytest.mark.parametrize(("setting", "value"), [("--port", "{}"), ("--status", "127.0.0.1:{}")])
def test_a_taken_port_is_reported_in_one_line(setting: str, value: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        program = start(sys.executable, "-m", "tcp_server", *LOCAL, setting, value.format(port))
        assert program.wait() == 1
    assert program.stdout.text == ""
    said = program.stderr.text
    assert said.startswith(f"oneroom-server: cannot listen on 127.0.0.1:{port}: ")
    assert said.endswith(f" listens there; choose another port with {setting}\n")
    assert said.count("\n") == 1


def test_a_second_server_on_one_history_says_which_process_has_it(tmp_path: Path) -> None:
    history = tmp_path / "history.db"
    with server("--history", str(history)) as first:
        second = start(sys.executable, "-m", "tcp_server", *LOCAL, "--history", str(history))
        assert second.wait() == 1
    assert second.stdout.text == ""
    owner = f"another Oneroom server (process {first.process.pid})"
    assert second.stderr.text == f"oneroom-server: {owner} keeps its history in {history}\n"


@pytest.mark.parametrize(
    ("flags", "code", "said"),
    [
        (["--host", "no.such.host.invalid"], 1, "oneroom-server: cannot listen on no.such.host.invalid:0: "),
        (["--grace", "soon"], 2, "oneroom-server: --grace: 'soon' is not a number from 0 to "),
        (["--config", "/nonexistent"], 2, "oneroom-server: cannot read /nonexistent: "),
    ],
)
def test_invalid_settings_are_reported_in_one_line(flags: list[str], code: int, said: str) -> None:
    program = start(sys.executable, "-m", "tcp_server", *LOCAL, *flags)
    assert program.wait() == code
    assert program.stdout.text == ""
    assert program.stderr.text.startswith(said)
    assert program.stderr.text.count("\n") == 1


def test_a_former_name_of_a_setting_is_logged() -> None:
    with server("--farewell", "0.5") as program:
        pass
    assert "WARNING --farewell is now called --close-timeout; the old name works for one more release\n" in (
        program.stderr.text
    )


def test_the_settings_in_force_are_printed_instead_of_serving() -> None:
    program = start(sys.executable, "-m", "tcp_server", *LOCAL, "--grace", "5", "--print-config")
    assert program.wait() == 0
    assert "grace = 5.0  # flag\n" in program.stdout.text
    assert program.stderr.text == ""


def test_the_start_line_says_that_the_server_is_open_to_the_network() -> None:
    with running("tcp_server", "--port", "0", "--history", "memory") as program:
        open_to = "open to the whole network; --host 127.0.0.1 keeps it local"
        assert program.line == f"Oneroom server: 0.0.0.0:{program.port} ({open_to})"
