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
from tcp_server.dialects.dialect import Dialect, Json, Lines, Plain
from tcp_server.room.commands import LocalEvent, MemberList
from tcp_server.room.outcome import Outcome, Presence

DIALECTS: list[type[Dialect]] = [Plain, Lines, Json]
AT = "2026-11-22T05:43:03.120Z"


class Armed:
    """WritePoller that only notes who waits."""

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
    """A fan-out, and both ends of the connections it serves."""

    def __init__(self, **settings: Any) -> None:
        self.armed = Armed()
        self.cut: list[Writer] = []
        self.fanout = FanOut(Config(**settings), self.armed, self.cut.append)
        self._far: dict[Writer, socket.socket] = {}
        self._open = ExitStack()

    def connect(self, dialect: type[Dialect], buffer: int = 0) -> Writer:
        near, far = socket.socketpair()
        self._open.enter_context(near)
        self._open.enter_context(far)
        if buffer:
            near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer)
        far.setblocking(False)
        writer = Writer(near)
        writer.dialect = dialect
        self._far[writer] = far
        return writer

    def listener(self, dialect: type[Dialect], buffer: int = 0) -> Writer:
        """Connect one that hears the room."""
        writer = self.connect(dialect, buffer)
        self.fanout.deliver([Outcome(writer, (), (), Presence.ENTERS)])
        return writer

    def say(self, text: str, number: int = 1) -> None:
        self.fanout.deliver([Outcome(None, (), [m.Message(number, AT, "Анна", text)])])

    def heard(self, writer: Writer) -> bytes:
        """All that has been sent and not read yet."""
        data = b""
        try:
            while part := self._far[writer].recv(1 << 20):
                data += part
        except BlockingIOError:
            pass
        return data

    def heard_to_the_end(self, writer: Writer) -> bytes:
        """Read on, with fan-out resuming, until the end of the stream."""
        data = b""
        for _ in range(10_000):
            try:
                part = self._far[writer].recv(1 << 20)
            except BlockingIOError:
                fd = writer.socket.fileno()
                assert fd in self.armed.descriptors, f"no end, and nothing that waits, after {data[-200:]!r}"
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


def joined(dialect: type[Dialect], events: Sequence[m.Event | LocalEvent]) -> bytes:
    return dialect.join([dialect.write(events)])


# --- who hears what ------------------------------------------------------------------


def test_the_prompt_is_for_whoever_comes(audience: Audience) -> None:
    old, new = audience.listener(Lines), audience.connect(Lines)
    audience.fanout.send_prompt(new)
    assert audience.heard(new) == PROMPT
    assert audience.heard(old) == b""


def test_everybody_hears_it_in_their_own_dialect(audience: Audience) -> None:
    listeners = [audience.listener(dialect) for dialect in DIALECTS]
    stranger = audience.connect(Lines)
    audience.say("привет")
    event = m.Message(1, AT, "Анна", "привет")
    assert [audience.heard(writer) for writer in listeners] == [
        joined(dialect, [event]) for dialect in DIALECTS
    ]
    assert audience.heard(stranger) == b""


Step = tuple[str, int]
STEPS = st.lists(
    st.tuples(st.sampled_from(["say", "enter", "leave", "ask", "tell"]), st.integers(0, 7)), max_size=30
)


def outcomes_of(
    steps: Sequence[Step], writers: Sequence[Writer], present: dict[Writer, bool]
) -> list[Outcome[Writer]]:
    """Turn steps into a possible batch. `present`: True for who hears, False for who has left."""
    outcomes: list[Outcome[Writer]] = []
    for number, (step, who) in enumerate(steps):
        writer = writers[who % len(writers)]
        message = m.Message(number, AT, f"n{who}", f"t{number}")
        match step, present.get(writer):
            case "tell", _:
                outcomes.append(Outcome(None, (), [m.Left(f"n{who}", AT)]))
            case "enter", None:
                present[writer] = True
                welcome = [MemberList(["x"])] if writer.dialect is Lines else [m.Ack("w", number, AT)]
                outcomes.append(Outcome(writer, welcome, [m.Joined(f"n{who}", AT)], Presence.ENTERS))
            case "ask", None | True:
                outcomes.append(Outcome(writer, [m.Error("name_taken", "")]))
            case "say", True:
                outcomes.append(Outcome(writer, [m.Ack(f"r{number}", number, AT)], [message, message]))
            case "leave", True:
                present[writer] = False
                outcomes.append(Outcome(writer, [m.Bye("left")], [m.Left(f"n{who}", AT)], Presence.LEAVES))
    return outcomes


@given(st.lists(STEPS, max_size=4))
def test_each_hears_the_same_order_with_its_own_answers_in_place(batches: list[list[Step]]) -> None:
    with Audience() as audience:
        writers = [audience.connect(dialect) for dialect in DIALECTS + DIALECTS]
        present: dict[Writer, bool] = {}
        hears: dict[Writer, bool] = {}
        for steps in batches:
            outcomes = outcomes_of(steps, writers, present)
            expected: dict[Writer, list[m.Event | LocalEvent]] = {writer: [] for writer in writers}
            for outcome in outcomes:  # one at a time, to each in turn: slow and surely right
                for writer in writers:
                    if writer is outcome.connection:
                        expected[writer] += outcome.answer
                        hears[writer] = outcome.presence is Presence.ENTERS or (
                            hears.get(writer, False) and outcome.presence is Presence.STAYS
                        )
                    elif hears.get(writer):
                        expected[writer] += outcome.shared
            audience.fanout.deliver(outcomes)
            for writer, events in expected.items():
                assert audience.heard(writer) == joined(writer.dialect, events)


def test_one_write_for_a_whole_batch(audience: Audience) -> None:
    writer = audience.listener(Plain)
    audience.fanout.deliver(
        [Outcome(None, (), [m.Joined("Анна", AT)]), Outcome(None, (), [m.Left("Анна", AT)])]
    )
    assert audience.heard(writer) == "Анна присоединился к чату!\nАнна покинул чат.".encode()


# --- those who lag -------------------------------------------------------------------


def test_a_slow_reader_gets_it_all_later_and_the_others_at_once(audience: Audience) -> None:
    slow, quick = audience.listener(Lines, buffer=8192), audience.listener(Lines)
    expected = b""
    for number in range(200):
        audience.say("x" * 1000, number)
        expected += b"\xd0\x90\xd0\xbd\xd0\xbd\xd0\xb0: " + b"x" * 1000 + b"\n"
        assert len(audience.heard(quick)) == 1011
    assert audience.armed.descriptors == [slow.socket.fileno()]
    assert slow.waiting > 100_000
    received = b""
    while slow.backlog:
        received += audience.heard(slow)
        audience.fanout.resume([slow.socket.fileno()])
    assert received + audience.heard(slow) == expected
    assert not audience.cut


def test_a_stranger_to_resume_is_no_error(audience: Audience) -> None:
    writer = audience.listener(Lines)
    assert audience.fanout.resume([writer.socket.fileno(), 99_999]) == []


def test_many_of_them_lagging_is_told(audience: Audience) -> None:
    slow = audience.listener(Lines, buffer=8192)
    flood = [Outcome[Writer](None, (), [m.Message(1, AT, "Анна", "x" * 50_000)])]
    assert audience.fanout.deliver(flood)
    slow.blocked_since -= 5.0  # who lags for long is not waited for
    assert not audience.fanout.deliver([])
    slow.blocked_since += 5.0
    assert audience.fanout.deliver([])
    slow.progress_at -= 1.0  # nor who takes nothing
    assert not audience.fanout.deliver([])
    slow.progress_at += 1.0
    assert audience.fanout.deliver([])
    for _ in range(50):
        audience.listener(Lines)
    assert not audience.fanout.deliver([])  # one of many is not many


def flood_until_cut(audience: Audience) -> None:
    for number in range(1000):
        if audience.cut:
            return
        audience.say("x" * 1000, number)
    raise AssertionError("never cut")


@pytest.mark.parametrize("dialect", [Lines, Json])
def test_past_the_bound_a_reader_is_cut_with_whole_lines_and_a_word(dialect: type[Dialect]) -> None:
    with Audience(backlog=50_000) as audience:
        slow, quick = audience.listener(dialect, buffer=8192), audience.listener(dialect)
        flood_until_cut(audience)
        assert audience.cut == [slow]
        assert slow.waiting < 2000  # nothing but the rest of a line that was begun
        audience.say("not for those who are cut")
        audience.fanout.deliver([Outcome(slow, [m.Bye("slow")], (), Presence.LEAVES)])
        audience.say("nor this")
        received = audience.heard_to_the_end(slow)
        bye = dialect.write([m.Bye("slow")])
        assert received.endswith(b"\n" + bye)
        whole = audience.heard(quick)
        assert whole.startswith(received.removesuffix(bye))
        assert whole.endswith(dialect.write([m.Message(1, AT, "Анна", "nor this")]))
        assert audience.cut == [slow]


def test_one_block_alone_may_be_of_any_size() -> None:
    with Audience(backlog=50_000) as audience:
        newcomer = audience.connect(Json, buffer=8192)
        welcome = m.Error("long", "x" * 1_000_000)
        audience.fanout.deliver([Outcome(newcomer, [welcome], (), Presence.ENTERS)])
        audience.say("x" * 40_000)
        assert not audience.cut
        audience.say("x" * 20_000)
        assert audience.cut == [newcomer]


def test_talkers_wait_before_a_single_one_is_cut() -> None:
    with Audience(backlog=50_000) as audience:
        for _ in range(50):
            audience.listener(Lines)
        slow = audience.listener(Lines, buffer=8192)
        flood = [Outcome[Writer](None, (), [m.Message(1, AT, "Анна", "x" * 10_000)])]
        while not audience.fanout.deliver(flood):
            assert not audience.cut
        assert 25_000 < slow.waiting < 50_000
        assert not audience.cut
        slow.blocked_since -= 5.0  # who lags for long is not waited for
        assert not audience.fanout.deliver([])


def test_without_a_bound_nobody_is_cut() -> None:
    with Audience(backlog=0) as audience:
        slow = audience.listener(Lines, buffer=8192)
        for _ in range(300):
            audience.say("x" * 10_000)
        assert slow.waiting > 2_000_000
        assert not audience.cut


def test_no_progress_for_too_long_is_the_end() -> None:
    with Audience(write_timeout=10.0) as audience:
        writer, other = audience.listener(Lines, buffer=8192), audience.listener(Lines, buffer=8192)
        audience.say("x" * 100_000)
        audience.fanout.watch_deadlines()
        assert not audience.cut
        writer.progress_at -= 10.0
        audience.fanout.watch_deadlines()
        assert audience.cut == [writer]
        audience.fanout.deliver([Outcome(writer, [m.Bye("slow")], (), Presence.LEAVES)])
        audience.fanout.watch_deadlines()
        assert not writer.broken  # it still has its last moment to read why
        assert audience.heard_to_the_end(writer).endswith(Lines.write([m.Bye("slow")]))
        assert other.waiting
        assert audience.cut == [writer]


# --- the end -------------------------------------------------------------------------


def test_whoever_leaves_is_not_told_anything_more(audience: Audience) -> None:
    writer = audience.listener(Json)
    audience.fanout.deliver([Outcome(writer, [m.Bye("left")], (), Presence.LEAVES)])
    audience.fanout.deliver([Outcome(writer, [m.Pong()], (), Presence.STAYS)])
    audience.say("привет")
    assert audience.heard_to_the_end(writer) == codec.encode(m.Bye("left"))


def test_a_socket_is_closed_when_its_thread_has_ended_and_all_is_sent(audience: Audience) -> None:
    writer = audience.listener(Lines, buffer=8192)
    audience.say("x" * 100_000)
    audience.fanout.deliver([Outcome(writer, [m.Bye("left")], (), Presence.LEAVES)])
    audience.fanout.release(writer)
    audience.fanout.deliver([])
    assert writer.socket.fileno() >= 0
    assert audience.heard_to_the_end(writer).endswith(Lines.write([m.Bye("left")]))
    assert writer.socket.fileno() == -1


def test_a_socket_waits_for_its_thread(audience: Audience) -> None:
    writer = audience.listener(Lines)
    audience.fanout.deliver([Outcome(writer, [m.Bye("left")], (), Presence.LEAVES)])
    assert audience.heard_to_the_end(writer) == Lines.write([m.Bye("left")])
    assert writer.socket.fileno() >= 0
    audience.fanout.release(writer)
    audience.fanout.deliver([])
    assert writer.socket.fileno() == -1


@pytest.mark.parametrize("released", [True, False])
def test_the_last_moment_ends(released: bool) -> None:
    with Audience(close_timeout=0.0) as audience:
        writer = audience.listener(Lines, buffer=8192)
        audience.say("x" * 100_000)
        audience.fanout.deliver([Outcome(writer, [m.Bye("left")], (), Presence.LEAVES)])
        if released:
            audience.fanout.release(writer)
            audience.fanout.deliver([])
        assert writer.backlog
        audience.fanout.watch_deadlines()
        assert writer.broken
        assert (writer.socket.fileno() == -1) == released
        audience.fanout.watch_deadlines()
        if not released:  # the thread wakes, and then the socket is closed after all
            audience.fanout.release(writer)
            audience.fanout.deliver([])
        assert writer.socket.fileno() == -1


def test_a_client_that_vanishes_disturbs_nobody(audience: Audience) -> None:
    gone, slow_and_gone, other = (
        audience.listener(Lines),
        audience.listener(Lines, buffer=8192),
        audience.listener(Lines),
    )
    audience.say("x" * 100_000)
    audience.heard(other)
    for writer in (gone, slow_and_gone):
        audience._far[writer].close()
    audience.say("привет")
    audience.fanout.resume([slow_and_gone.socket.fileno()])
    audience.say("ещё")
    assert audience.heard(other) == "Анна: привет\nАнна: ещё\n".encode()
    assert gone.broken
    assert slow_and_gone.broken
    assert not audience.cut
