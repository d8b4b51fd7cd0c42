"""A live message over connections that are lost, and in a room that is slow or refuses it."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from chat_client import live_message
from chat_client.chat import Chat
from chat_client.client import Client
from chat_client.errors import InternalError, Refused
from chat_client.output_filter import OutputFilter
from chat_protocol import messages as m
from chat_protocol.live import MAX_KEPT, MAX_UNRECEIVED
from tests.chat_client.fake_room import FakeConnection, FakeRoom
from tests.support.timing import TIMEOUT

NUMBER = 7
CAN = ("live",)


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_message, "_INTERVAL", 0.01)
    monkeypatch.setattr(live_message, "_TICK", 0.05)
    monkeypatch.setattr(live_message, "_RETRY", 0.01)


class Body:
    """What the room has of the live message, as its server keeps it."""

    def __init__(self) -> None:
        self.text = ""  # with a mark where something is left out
        self.end = 0
        self.tail = ""

    def take(self, output: m.Output) -> m.Received:
        data = output.text.encode()
        if output.offset > self.end and data:
            self.text += "[…]\n"
        elif data:
            data = data[self.end - output.offset :]
        if data:
            self.end = output.offset + len(output.text.encode())
            self.text += data.decode()
        if output.tail is not None:
            self.tail = output.tail
        return m.Received(id=output.id, end=self.end)


@contextmanager
def joined(room: FakeRoom, can: tuple[str, ...] = CAN) -> Iterator[tuple[Client, FakeConnection]]:
    """Join with a client; yield it with the room's end of its connection."""
    client = Client(lambda listener: Chat(room.address, listener, history=0), "Анна")
    connection = room.accept()
    connection.welcome(can=can)
    client.wait_until_joined(TIMEOUT)
    try:
        yield client, connection
    finally:
        client._chat.leave(timeout=0)
        connection.close()


def start(connection: FakeConnection) -> m.Start:
    started = connection.receive(m.Start)
    connection.ack(started.ref, NUMBER)
    return started


def take(connection: FakeConnection, body: Body) -> m.Output:
    output = connection.receive(m.Output)
    connection.answer(output.ref, body.take(output))
    return output


def take_until(connection: FakeConnection, body: Body, text: str) -> None:
    while text not in body.text + body.tail:
        take(connection, body)


def finish(connection: FakeConnection, body: Body) -> m.End:
    """Answer outputs to the end; return it."""
    while isinstance(command := connection._next(), m.Output):
        connection.answer(command.ref, body.take(command))
    assert isinstance(command, m.End)
    connection.ack(command.ref, NUMBER + 1)
    return command


def test_it_grows_and_ends(room: FakeRoom) -> None:
    with joined(room) as (client, connection):
        body = Body()
        live = client.live(" make\ntest ")
        assert start(connection).title == "make test"
        assert live.started(TIMEOUT) == NUMBER
        live.write("один\n 50 %")
        take_until(connection, body, " 50 %")
        live.write("\r100 %\nlast")
        take_until(connection, body, "last")
        with pytest.raises(TimeoutError):
            live.end(2, timeout=0)
        end = finish(connection, body)
        live.end(timeout=TIMEOUT)
        assert (end.id, end.code) == (NUMBER, 2)
        assert (body.text, body.tail) == ("один\n100 %\nlast\n", "")


def test_after_a_lost_connection_it_goes_on_where_the_room_says(room: FakeRoom) -> None:
    with joined(room) as (client, connection):
        body = Body()
        live = client.live("x")
        start(connection)
        lines = [f"строка {number}\n" for number in range(500)]
        live.write("".join(lines[:300]))
        body.take(connection.receive(m.Output))  # its answer is lost
        connection.close()
        live.write("".join(lines[300:]))
        new = room.accept()
        new.welcome(can=CAN)
        asked = take(new, body)
        assert (asked.text, asked.tail) == ("", None)
        with pytest.raises(TimeoutError):
            live.end(0, timeout=0)
        finish(new, body)
        assert body.text == "".join(lines)


def test_an_error_that_nobody_has_foreseen_is_raised_at_the_end(
    room: FakeRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    with joined(room) as (client, connection):
        body = Body()
        live = client.live("x")
        start(connection)
        live.write("a\n")
        take_until(connection, body, "a\n")
        monkeypatch.setattr(OutputFilter, "feed", lambda *_: 1 / 0)
        live.write("b\n")
        with pytest.raises(TimeoutError):
            live.end(2, timeout=0)
        end = finish(connection, body)
        with pytest.raises(InternalError, match="ZeroDivisionError") as raised:
            live.end(timeout=TIMEOUT)
        assert (end.code, body.text) == (2, "a\n")
        assert isinstance(raised.value.__cause__, ZeroDivisionError)


def test_an_error_before_the_start_is_raised_too(room: FakeRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Chat, "start_live", lambda *_: 1 / 0)
    with joined(room) as (client, _):
        live = client.live("x")
        for call in (live.started, live.end):
            with pytest.raises(InternalError):
                call(timeout=TIMEOUT)


def test_a_silent_one_is_heard_over_a_new_connection(room: FakeRoom) -> None:
    with joined(room) as (client, connection):
        body = Body()
        live = client.live("x")
        start(connection)
        live.write("a\n")
        while body.text != "a\n" or body.tail:
            take(connection, body)
        connection.close()
        new = room.accept()
        new.welcome(can=CAN)
        assert take(new, body).text == ""


def test_a_flood_has_its_head_and_its_end(room: FakeRoom) -> None:
    with joined(room) as (client, connection):
        body = Body()
        live = client.live("yes")
        start(connection)
        lines = [f"line {number:9}\n" for number in range(400_000)]
        for first in range(0, len(lines), 50_000):
            live.write("".join(lines[first : first + 50_000]))
        unanswered = 0
        held = []
        while unanswered + 16 * 1024 <= MAX_UNRECEIVED:  # no more comes before the first answer
            held.append(connection.receive(m.Output))
            unanswered += len(held[-1].text)
        connection.socket.settimeout(0.05)
        with pytest.raises(TimeoutError):
            connection.receive(m.Output)
        connection.socket.settimeout(TIMEOUT)
        for output in held:
            connection.answer(output.ref, body.take(output))
        with pytest.raises(TimeoutError):
            live.end(timeout=0)
        assert finish(connection, body).code is None
        head, _, last = body.text.partition("[…]\n")
        whole = "".join(lines)
        assert len(head) >= MAX_KEPT
        assert whole.startswith(head)
        last = last.rpartition("[…]\n")[2]
        assert len(last) >= MAX_KEPT
        assert whole.endswith(last)


def test_what_is_too_much_is_sent_later(room: FakeRoom) -> None:
    with joined(room) as (client, connection):
        body = Body()
        live = client.live("x")
        start(connection)
        live.write("a\n" * 100)
        output = connection.receive(m.Output)
        connection.answer(output.ref, m.Error("too_much", "", ref=output.ref, retry_after=0.01))
        with pytest.raises(TimeoutError):
            live.end(0, timeout=0)
        finish(connection, body)
        assert body.text == "a\n" * 100


def test_what_the_room_refuses_is_raised(room: FakeRoom) -> None:
    with joined(room) as (client, connection):
        live = client.live("x")
        refused = connection.receive(m.Start)
        connection.answer(refused.ref, m.Error("too_many_open", "", ref=refused.ref))
        with pytest.raises(Refused, match="too_many_open"):
            live.started(TIMEOUT)
        with pytest.raises(Refused, match="too_many_open"), live:
            live.write("a\n")


def test_an_older_room_has_none(room: FakeRoom) -> None:
    with joined(room, can=("reply",)) as (client, _), pytest.raises(Refused, match="unknown_type"):
        client.live("x").started(TIMEOUT)


def test_what_a_killed_server_has_lost_is_sent_again(room: FakeRoom) -> None:
    with joined(room) as (client, connection):
        body = Body()
        live = client.live("x")
        start(connection)
        lines = "".join(f"строка {number}\n" for number in range(300))
        live.write(lines)
        take_until(connection, body, "строка 299")
        with pytest.raises(TimeoutError):
            live.end(3, timeout=0)
        while isinstance(command := connection._next(), m.Output):
            connection.answer(command.ref, body.take(command))
        assert isinstance(command, m.End)
        connection.close()  # the end is not stored, and the last lines are lost
        body.text = lines[: lines.index("строка 7\n")]
        body.end = len(body.text.encode())
        new = room.accept()
        new.welcome(can=CAN)
        end = finish(new, body)
        live.end(timeout=TIMEOUT)
        assert body.text == lines
        assert (end.ref, end.code) == (command.ref, 3)


def test_an_end_whose_answer_is_lost_is_asked_for_again(room: FakeRoom) -> None:
    with joined(room) as (client, connection):
        live = client.live("x")
        start(connection)
        with pytest.raises(TimeoutError):
            live.end(0, timeout=0)
        end = connection.receive(m.End)
        connection.close()  # it is stored
        new = room.accept()
        new.welcome(can=CAN)
        asked = new.receive(m.Output)
        new.answer(asked.ref, m.Error("has_ended", "", ref=asked.ref))
        assert new.receive(m.End).ref == end.ref
        new.ack(end.ref, NUMBER + 1)
        live.end(timeout=TIMEOUT)


def test_what_is_filtered_while_the_connection_changes_waits_for_the_room_to_say_where(
    room: FakeRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new server lacks the first lines, which the killed one has received."""
    connections: list[FakeConnection] = []

    def feed(output_filter: OutputFilter, data: bytes) -> str:
        if data == b"two\n":
            connection.close()
            connections.append(room.accept())
            connections[0].welcome(can=CAN)
            client._chat.wait_for(lambda status: status.joins == 2, TIMEOUT)
        return fed(output_filter, data)

    fed = OutputFilter.feed
    monkeypatch.setattr(OutputFilter, "feed", feed)
    with joined(room) as (client, connection):
        live = client.live("x")
        start(connection)
        live.write("one\n")
        while take(connection, Body()).text != "one\n":
            pass
        live.write("two\n")
        with pytest.raises(TimeoutError):
            live.end(0, timeout=0.2)
        client._chat.wait_for(lambda status: status.joins == 2, TIMEOUT)
        body = Body()
        asked = take(connections[0], body)
        assert (asked.offset, asked.text, asked.tail) == (0, "", None)
        finish(connections[0], body)
        live.end(timeout=TIMEOUT)
        assert body.text == "one\ntwo\n"
