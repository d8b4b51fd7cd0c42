import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Any, Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_protocol import codec
from chat_protocol import messages as m
from chat_protocol.contract import PROMPT
from tcp_server.config import Config
from tcp_server.connection.fanout import FanOut
from tcp_server.connection.writer import Writer
from tcp_server.dialects.output import JSON, LINES, PLAIN, Output
from tcp_server.room.commands import LocalEvent, MemberList
from tcp_server.room.outcome import AudienceChange, Outcome

OUTPUTS: list[Output] = [PLAIN, LINES, JSON]
AT = "2026-11-22T05:43:03.120Z"


class RecordingPoller:
    """A WritePoller that only records which descriptors are poller."""

    def __init__(self) -> None:
        self.descriptors: list[int] = []

    def arm(self, fd: int) -> None:
        self.descriptors.append(fd)

    def wait(self, timeout: float) -> list[int]:
        raise NotImplementedError

    def wake(self) -> None:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError


class Audience:
    """A fan-out, with both ends of its connections."""

    def __init__(self, **settings: Any) -> None:
        self.poller = RecordingPoller()
        self.cut: list[Writer] = []
        self.fanout = FanOut(Config(**settings), self.poller, self.cut.append)
        self._far: dict[Writer, socket.socket] = {}
        self._open = ExitStack()

    def connect(self, output: Output, buffer: int = 0) -> Writer:
        near, far = socket.socketpair()
        self._open.enter_context(near)
        self._open.enter_context(far)
        if buffer:
            near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer)
        far.setblocking(False)
        writer = Writer(near)
        writer.output = output
        self._far[writer] = far
        return writer

    def listener(self, output: Output, buffer: int = 0) -> Writer:
        """Add a connection to the audience."""
        writer = self.connect(output, buffer)
        self.fanout.deliver([Outcome(writer, (), (), AudienceChange.JOIN)])
        return writer

    def say(self, text: str, number: int = 1) -> None:
        self.fanout.deliver([Outcome(None, (), [m.Message(number, AT, "Анна", text)])])

    def received(self, writer: Writer) -> bytes:
        """Return what has been sent and not read yet."""
        data = b""
        try:
            while part := self._far[writer].recv(1 << 20):
                data += part
        except BlockingIOError:
            pass
        return data

    def received_to_the_end(self, writer: Writer) -> bytes:
        """Read to the end of the stream, resuming the fan-out as needed."""
        data = b""
        for _ in range(10_000):
            try:
                part = self._far[writer].recv(1 << 20)
            except BlockingIOError:
                fd = writer.socket.fileno()
                assert fd in self.poller.descriptors, f"no end, and nothing that waits, after {data[-200:]!r}"
                self.fanout.resume([fd])
                continue
            if not part:
                return data
            data += part
        raise AssertionError("no end")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()


@pytest.fixture
def audience() -> Iterator[Audience]:
    with Audience() as made:
        yield made


def joined(output: Output, events: Sequence[m.Event | LocalEvent]) -> bytes:
    return output.concat([output.encode(events)])


# --- delivery ------------------------------------------------------------------------


def test_the_prompt_is_sent_to_the_new_connection_only(audience: Audience) -> None:
    old, new = audience.listener(LINES), audience.connect(LINES)
    audience.fanout.send(new, PROMPT)
    assert audience.received(new) == PROMPT
    assert audience.received(old) == b""


def test_each_member_is_sent_its_own_dialect(audience: Audience) -> None:
    listeners = [audience.listener(output) for output in OUTPUTS]
    stranger = audience.connect(LINES)
    audience.say("привет")
    event = m.Message(1, AT, "Анна", "привет")
    assert [audience.received(writer) for writer in listeners] == [
        joined(output, [event]) for output in OUTPUTS
    ]
    assert audience.received(stranger) == b""


Step = tuple[str, int]
STEPS = st.lists(
    st.tuples(st.sampled_from(["say", "enter", "leave", "ask", "tell"]), st.integers(0, 7)), max_size=30
)


def outcomes_of(
    steps: Sequence[Step], writers: Sequence[Writer], present: dict[Writer, bool]
) -> list[Outcome[Writer]]:
    """Turn steps into a possible batch. `present` is True in the audience, False after leaving."""
    outcomes: list[Outcome[Writer]] = []
    for number, (step, who) in enumerate(steps):
        writer = writers[who % len(writers)]
        message = m.Message(number, AT, f"n{who}", f"t{number}")
        match step, present.get(writer):
            case "tell", _:
                outcomes.append(Outcome(None, (), [m.Left(f"n{who}", AT)]))
            case "enter", None:
                present[writer] = True
                welcome = [MemberList(["x"], 1)] if writer.output is LINES else [m.Ack("w", number, AT)]
                outcomes.append(Outcome(writer, welcome, [m.Joined(f"n{who}", AT)], AudienceChange.JOIN))
            case "ask", None | True:
                outcomes.append(Outcome(writer, [m.Error("name_taken", "")]))
            case "say", True:
                outcomes.append(Outcome(writer, [m.Ack(f"r{number}", number, AT)], [message, message]))
            case "leave", True:
                present[writer] = False
                outcomes.append(
                    Outcome(writer, [m.Bye("left")], [m.Left(f"n{who}", AT)], AudienceChange.LEAVE)
                )
    return outcomes


@given(st.lists(STEPS, max_size=4))
def test_answers_and_shared_events_keep_one_order(batches: list[list[Step]]) -> None:
    with Audience() as audience:
        writers = [audience.connect(output) for output in OUTPUTS + OUTPUTS]
        present: dict[Writer, bool] = {}
        hears: dict[Writer, bool] = {}
        for steps in batches:
            outcomes = outcomes_of(steps, writers, present)
            expected: dict[Writer, list[m.Event | LocalEvent]] = {writer: [] for writer in writers}
            for outcome in outcomes:  # one at a time to each writer: slow, but simple
                for writer in writers:
                    if writer is outcome.connection:
                        expected[writer] += outcome.answer
                        hears[writer] = outcome.audience_change is AudienceChange.JOIN or (
                            hears.get(writer, False) and outcome.audience_change is AudienceChange.NONE
                        )
                    elif hears.get(writer):
                        expected[writer] += outcome.shared
            audience.fanout.deliver(outcomes)
            for writer, events in expected.items():
                assert audience.received(writer) == joined(writer.output, events)


def test_a_batch_is_one_write(audience: Audience) -> None:
    writer = audience.listener(PLAIN)
    audience.fanout.deliver(
        [Outcome(None, (), [m.Joined("Анна", AT)]), Outcome(None, (), [m.Left("Анна", AT)])]
    )
    assert audience.received(writer) == "Анна присоединился к чату!\nАнна покинул чат.".encode()


# --- slow readers --------------------------------------------------------------------


def test_a_slow_reader_is_sent_everything_later_and_others_at_once(audience: Audience) -> None:
    slow, quick = audience.listener(LINES, buffer=8192), audience.listener(LINES)
    expected = b""
    for number in range(200):
        audience.say("x" * 1000, number)
        expected += b"\xd0\x90\xd0\xbd\xd0\xbd\xd0\xb0: " + b"x" * 1000 + b"\n"
        assert len(audience.received(quick)) == 1011
    assert audience.poller.descriptors == [slow.socket.fileno()]
    assert slow.waiting > 100_000
    received = b""
    while slow.backlog:
        received += audience.received(slow)
        audience.fanout.resume([slow.socket.fileno()])
    assert received + audience.received(slow) == expected
    assert not audience.cut


def test_resuming_an_unknown_descriptor_is_no_error(audience: Audience) -> None:
    writer = audience.listener(LINES)
    assert audience.fanout.resume([writer.socket.fileno(), 99_999]) == []


def test_deliver_asks_for_backpressure_while_many_lag(audience: Audience) -> None:
    slow = audience.listener(LINES, buffer=8192)
    flood = [Outcome[Writer](None, (), [m.Message(1, AT, "Анна", "x" * 50_000)])]
    assert audience.fanout.deliver(flood)
    slow.blocked_since -= 5.0  # blocked for too long: it no longer counts
    assert not audience.fanout.deliver([])
    slow.blocked_since += 5.0
    assert audience.fanout.deliver([])
    slow.progress_at -= 1.0  # no progress: it no longer counts
    assert not audience.fanout.deliver([])
    slow.progress_at += 1.0
    assert audience.fanout.deliver([])
    for _ in range(50):
        audience.listener(LINES)
    assert not audience.fanout.deliver([])  # one of 51 is below the share


def flood_until_cut(audience: Audience) -> None:
    for number in range(1000):
        if audience.cut:
            return
        audience.say("x" * 1000, number)
    raise AssertionError("never cut")


@pytest.mark.parametrize("output", [LINES, JSON])
def test_over_the_backlog_a_reader_is_cut_after_a_whole_line_and_told_why(output: Output) -> None:
    with Audience(backlog=50_000) as audience:
        slow, quick = audience.listener(output, buffer=8192), audience.listener(output)
        flood_until_cut(audience)
        assert audience.cut == [slow]
        assert slow.waiting < 2000  # only the rest of a line that was begun
        audience.say("after the cut")
        audience.fanout.deliver([Outcome(slow, [m.Bye("slow")], (), AudienceChange.LEAVE)])
        audience.say("nor this")
        received = audience.received_to_the_end(slow)
        bye = output.encode([m.Bye("slow")])
        assert received.endswith(b"\n" + bye)
        whole = audience.received(quick)
        assert whole.startswith(received.removesuffix(bye))
        assert whole.endswith(output.encode([m.Message(1, AT, "Анна", "nor this")]))
        assert audience.cut == [slow]


def test_a_single_block_may_exceed_the_backlog() -> None:
    with Audience(backlog=50_000) as audience:
        newcomer = audience.connect(JSON, buffer=8192)
        welcome = m.Error("long", "x" * 1_000_000)
        audience.fanout.deliver([Outcome(newcomer, [welcome], (), AudienceChange.JOIN)])
        audience.say("x" * 40_000)
        assert not audience.cut
        audience.say("x" * 20_000)
        assert audience.cut == [newcomer]


def test_backpressure_begins_before_a_single_reader_is_cut() -> None:
    with Audience(backlog=50_000) as audience:
        for _ in range(50):
            audience.listener(LINES)
        slow = audience.listener(LINES, buffer=8192)
        flood = [Outcome[Writer](None, (), [m.Message(1, AT, "Анна", "x" * 10_000)])]
        while not audience.fanout.deliver(flood):
            assert not audience.cut
        assert 25_000 < slow.waiting < 50_000
        assert not audience.cut
        slow.blocked_since -= 5.0  # blocked for too long: it no longer counts
        assert not audience.fanout.deliver([])


def test_without_a_backlog_limit_nobody_is_cut() -> None:
    with Audience(backlog=0) as audience:
        slow = audience.listener(LINES, buffer=8192)
        for _ in range(300):
            audience.say("x" * 10_000)
        assert slow.waiting > 2_000_000
        assert not audience.cut


def test_a_reader_without_progress_is_cut() -> None:
    with Audience(write_timeout=10.0) as audience:
        writer, other = audience.listener(LINES, buffer=8192), audience.listener(LINES, buffer=8192)
        audience.say("x" * 100_000)
        audience.fanout.check_deadlines()
        assert not audience.cut
        writer.progress_at -= 10.0
        audience.fanout.check_deadlines()
        assert audience.cut == [writer]
        audience.fanout.deliver([Outcome(writer, [m.Bye("slow")], (), AudienceChange.LEAVE)])
        audience.fanout.check_deadlines()
        assert not writer.broken  # the close timeout is not over
        assert audience.received_to_the_end(writer).endswith(LINES.encode([m.Bye("slow")]))
        assert other.waiting
        assert audience.cut == [writer]


# --- leaving -------------------------------------------------------------------------


def test_after_leaving_nothing_more_is_sent(audience: Audience) -> None:
    writer = audience.listener(JSON)
    audience.fanout.deliver([Outcome(writer, [m.Bye("left")], (), AudienceChange.LEAVE)])
    audience.fanout.deliver([Outcome(writer, [m.Pong()], (), AudienceChange.NONE)])
    audience.say("привет")
    assert audience.received_to_the_end(writer) == codec.encode(m.Bye("left"))


def test_a_released_socket_is_closed_once_everything_is_sent(audience: Audience) -> None:
    writer = audience.listener(LINES, buffer=8192)
    audience.say("x" * 100_000)
    audience.fanout.deliver([Outcome(writer, [m.Bye("left")], (), AudienceChange.LEAVE)])
    audience.fanout.release(writer)
    audience.fanout.deliver([])
    assert writer.socket.fileno() >= 0
    assert audience.received_to_the_end(writer).endswith(LINES.encode([m.Bye("left")]))
    assert writer.socket.fileno() == -1


def test_a_socket_stays_open_until_it_is_released(audience: Audience) -> None:
    writer = audience.listener(LINES)
    audience.fanout.deliver([Outcome(writer, [m.Bye("left")], (), AudienceChange.LEAVE)])
    assert audience.received_to_the_end(writer) == LINES.encode([m.Bye("left")])
    assert writer.socket.fileno() >= 0
    audience.fanout.release(writer)
    audience.fanout.deliver([])
    assert writer.socket.fileno() == -1


@pytest.mark.parametrize("released", [True, False])
def test_the_close_timeout_aborts_a_connection(released: bool) -> None:
    with Audience(close_timeout=0.0) as audience:
        writer = audience.listener(LINES, buffer=8192)
        audience.say("x" * 100_000)
        audience.fanout.deliver([Outcome(writer, [m.Bye("left")], (), AudienceChange.LEAVE)])
        if released:
            audience.fanout.release(writer)
            audience.fanout.deliver([])
        assert writer.backlog
        audience.fanout.check_deadlines()
        assert writer.broken
        assert (writer.socket.fileno() == -1) == released
        audience.fanout.check_deadlines()
        if not released:  # the thread ends now, and the socket is closed
            audience.fanout.release(writer)
            audience.fanout.deliver([])
        assert writer.socket.fileno() == -1


def test_a_client_that_disconnects_disturbs_nobody(audience: Audience) -> None:
    gone, slow_and_gone, other = (
        audience.listener(LINES),
        audience.listener(LINES, buffer=8192),
        audience.listener(LINES),
    )
    audience.say("x" * 100_000)
    audience.received(other)
    for writer in (gone, slow_and_gone):
        audience._far[writer].close()
    audience.say("привет")
    audience.fanout.resume([slow_and_gone.socket.fileno()])
    audience.say("ещё")
    assert audience.received(other) == "Анна: привет\nАнна: ещё\n".encode()
    assert gone.broken
    assert slow_and_gone.broken
    assert not audience.cut
