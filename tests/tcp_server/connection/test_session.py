"""The rate limits of a session: messages are delayed, and none is lost."""

import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

import pytest

from tests.support.processes import Program, running
from tests.support.raw import PROMPT, JsonClient, RawClient
from tests.support.timing import at_most

FLAGS = ("--host", "127.0.0.1", "--port", "0", "--history", "memory", "--grace", "0")


@contextmanager
def server(*flags: str) -> Iterator[Program]:
    with running("tcp_server", *FLAGS, *flags) as program:
        yield program


def says(count: int, first: int = 0) -> str:
    return "".join(
        f'{{"type":"say","ref":"{number}","text":"{number}"}}\n' for number in range(first, first + count)
    )


# --- rates ---------------------------------------------------------------------------


def test_messages_over_the_rate_are_delayed_in_order_and_not_lost() -> None:
    with server("--rate", "50", "--burst", "10") as program, JsonClient(program.address) as bystander:
        bystander.join("Вера")
        with JsonClient(program.address) as anna:
            anna.join("Анна")
            bystander.expect_json(type="joined")
            started = monotonic()
            anna.send(says(85))
            heard = [bystander.expect_json(type="message")["text"] for _ in range(85)]
            assert heard == [str(number) for number in range(85)]
            assert monotonic() - started >= 1.4
            told = anna.fence()
            assert [event["ref"] for event in told if event["type"] == "ack"] == heard
            delays = [event["seconds"] for event in told if event["type"] == "throttled"]
            assert 1 <= len(delays) <= 3
            assert all(0.5 <= delay <= 1.6 for delay in delays)


def test_up_to_the_burst_nothing_is_delayed() -> None:
    with server("--rate", "0.01", "--burst", "100") as program, JsonClient(program.address) as anna:
        anna.join("Анна")
        anna.send(says(100))
        assert [event["type"] for event in anna.fence()] == ["ack"] * 100


def test_lines_are_told_of_the_delay_and_plain_is_not() -> None:
    with (
        server("--rate", "1", "--burst", "1") as program,
        RawClient(program.address) as lines,
        RawClient(program.address) as plain,
    ):
        lines.send("Анна\n/help\n")
        lines.read_until("//")
        lines.read_until("\n")
        plain.send("Пётр")
        lines.expect("Пётр присоединился к чату!\n")
        plain.expect(PROMPT)
        lines.send("раз\nдва\nтри\n")
        lines.expect("Вы пишете слишком часто: отправлю через 2 с.\n")
        plain.read_until("Анна: три")
        for text in ("раз", "два"):  # one after the other, as each chunk is a message
            plain.send(text)
            lines.expect(f"Пётр: {text}\n")
        plain.send("конец")
        lines.expect("Пётр: конец\n")
        lines.send("/quit\n")
        lines.expect("До встречи!\n")
        plain.expect("Анна покинул чат.")


def test_a_half_closed_connection_is_read_to_the_end() -> None:
    with server("--rate", "20", "--burst", "1") as program, JsonClient(program.address) as vera:
        vera.join("Вера")
        with RawClient(program.address) as anna:
            anna.send("Анна\n" + "".join(f"{number}\n" for number in range(20)))
            anna.socket.shutdown(socket.SHUT_WR)
            vera.expect_json(type="joined")
            for number in range(20):
                vera.expect_json(type="message", text=str(number))
            vera.expect_json(type="left")


def test_a_client_that_disconnects_while_delayed_leaves_at_once() -> None:
    with server("--rate", "0.01", "--burst", "1") as program, JsonClient(program.address) as vera:
        vera.join("Вера")
        anna = JsonClient(program.address)
        anna.join("Анна")
        vera.expect_json(type="joined")
        anna.send(says(50))
        anna.expect_json(type="ack")
        anna.expect_json(type="throttled")
        vera.expect_json(type="message", text="0")
        anna.reset()
        vera.expect_json(type="left", name="Анна")


@pytest.mark.parametrize("with_signal", [signal.SIGTERM, signal.SIGINT])
def test_delayed_clients_do_not_delay_the_shutdown(with_signal: signal.Signals) -> None:
    with server("--rate", "0.01", "--burst", "1") as program, JsonClient(program.address) as anna:
        anna.join("Анна")
        anna.send(says(50))
        anna.expect_json(type="ack")
        anna.expect_json(type="throttled")
        started = monotonic()
        assert program.stop(with_signal) == 0
        assert monotonic() - started < at_most(5)
        anna.expect_json(type="bye", reason="shutdown")
        anna.expect_end()


def test_two_connections_of_one_member_share_a_budget() -> None:
    with (
        server("--rate", "0.01", "--burst", "10") as program,
        JsonClient(program.address) as desk,
        JsonClient(program.address) as phone,
    ):
        session = desk.join("Анна")["session"]
        phone.join("Анна", session=session, history=0)
        desk.send(says(10))
        for _ in range(10):
            desk.expect_json(type="ack")
            phone.expect_json(type="message")
        phone.send(says(1, first=10))
        phone.expect_json(type="throttled")
        desk.send('{"type":"ping"}\n')
        desk.expect_json(type="pong")


def test_each_kind_of_request_has_its_own_limit() -> None:
    with server("--rate", "0.01", "--burst", "1") as program, JsonClient(program.address) as anna:
        anna.join("Анна")
        started = monotonic()
        for _ in range(12):  # one after the other, as only one may be waiting
            anna.say_json(type="search", query="x")
            if anna.read_json()["type"] == "throttled":
                anna.expect_json(type="found")
        assert monotonic() - started >= 2  # ten at once, then one a second
        anna.send("garbage\n" * 110)
        for _ in range(110):
            anna.expect_json(type="error", code="bad_json")


def test_attempts_at_a_name_are_limited_in_rate() -> None:
    with server("--rate", "20") as program, RawClient(program.address) as client:
        started = monotonic()
        client.expect(PROMPT)
        for _ in range(11):
            client.send("a:b\n")
            client.expect("В имени есть недопустимые знаки.\n" + PROMPT)
        client.send("Анна\n/who\n")
        client.expect_greeting()
        client.expect("Сейчас в чате (1): Анна\n")
        assert monotonic() - started > 1.5


def test_the_name_timeout_ends_delayed_attempts() -> None:
    with server("--rate", "20", "--name-timeout", "1") as program, RawClient(program.address) as client:
        client.send("a:b\n" * 1000)
        assert client.read_to_end().decode().endswith("Время на ввод имени вышло.\n")


def test_a_text_of_many_lines_costs_more() -> None:
    with server("--rate", "1", "--burst", "3") as program, JsonClient(program.address) as anna:
        anna.join("Анна")
        anna.say_json(type="say", ref="a", text="x" + 149 * "\nx")
        anna.expect_json(type="ack", ref="a")
        anna.say_json(type="say", ref="b", text="y")
        assert 1.5 < anna.expect_json(type="throttled")["seconds"] <= 2


def test_a_long_line_costs_as_much_as_its_messages() -> None:
    with (
        server("--rate", "0.01", "--burst", "5", "--max-text", "10") as program,
        JsonClient(program.address) as vera,
        RawClient(program.address) as anna,
    ):
        vera.join("Вера")
        anna.send("Анна\n" + "x" * 60 + "\n")
        vera.expect_json(type="joined")
        for _ in range(5):
            vera.expect_json(type="message", text="x" * 10)
        anna.read_until("слишком часто")
        assert vera.fence() == []


def test_long_texts_over_the_bandwidth_are_delayed_and_short_ones_are_not() -> None:
    with (
        server("--rate", "1000", "--burst", "1000") as program,
        JsonClient(program.address) as vera,
        JsonClient(program.address) as anna,
    ):
        vera.join("Вера")
        anna.join("Анна")
        vera.expect_json(type="joined")
        started = monotonic()
        for number in range(60):
            anna.say_json(type="say", ref=str(number), text="я" * 4000)
        vera.say_json(type="say", ref="short", text="короткий")
        while vera.read_json()["type"] != "ack":
            pass
        heard = [event.get("ref") for event in anna.fence() if event["type"] != "message"]
        assert heard == [str(number) for number in range(60)]
        assert monotonic() - started > 0.4
        later = [event for event in vera.fence() if event["type"] == "message"]
        assert len(later) > 8


@pytest.mark.parametrize("entry", ["Анна\n", '{"type":"join","name":"Анна","history":0}\n'])
def test_chunks_without_commands_cost_budget(entry: str) -> None:
    with server("--rate", "20") as program, RawClient(program.address) as client:
        client.send(entry)
        client.socket.settimeout(0.5)
        started = monotonic()
        with pytest.raises(TimeoutError):
            client.socket.sendall(b"\r\n" * 2**25)
        assert monotonic() - started < 20


# --- quiet connections ---------------------------------------------------------------


def test_a_quiet_connection_is_sent_its_own_answers_only() -> None:
    with server() as program, JsonClient(program.address) as anna, JsonClient(program.address) as script:
        anna.join("Анна")
        welcome = script.join("cron", quiet=True)
        assert (welcome["members"], welcome["messages"]) == (["Анна"], [])
        for number in range(20):
            anna.say_json(type="say", ref=f"a{number}", text="слышно?")
            script.say_json(type="say", ref=str(number), text=str(number))
        events = script.fence()
        assert [event["type"] for event in events] == ["ack"] * 20
        heard = [event for event in anna.fence() if event["type"] != "ack"]
        assert [(event["type"], event["name"]) for event in heard] == [("message", "cron")] * 20
        script.say_json(type="leave")
        script.expect_json(type="bye", reason="left")
        script.expect_end()
        assert anna.fence() == []


def test_a_quiet_connection_is_closed_after_its_hundredth_message() -> None:
    with server() as program, JsonClient(program.address) as script:
        script.join("cron", quiet=True)
        script.send(says(101))
        assert [script.read_json()["type"] for _ in range(100)] == ["ack"] * 100
        script.expect_json(type="bye", reason="quiet")
        script.expect_end()
