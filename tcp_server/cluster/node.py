"""One of several servers that share a room: the threads between its room and the stream."""

import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final

import msgspec

from chat_protocol import messages as m
from chat_protocol.log_event import WARNING, log_event, log_often
from chat_protocol.metrics import Metric
from tcp_server.cluster.addresses import Addresses, AddressRequest
from tcp_server.cluster.appender import Appender
from tcp_server.cluster.checkpoints import Checkpoints
from tcp_server.cluster.filler import Filler, PieceRequest
from tcp_server.cluster.liveness import Liveness
from tcp_server.cluster.namesake import Namesake
from tcp_server.cluster.neighbours import Neighbours
from tcp_server.cluster.patience import Patience
from tcp_server.cluster.redis_clock import RedisClock
from tcp_server.cluster.stream import Away, Stream
from tcp_server.cluster.tail import Read, Tail
from tcp_server.connection.writer import Writer
from tcp_server.log.sqlite_history import SqliteHistory
from tcp_server.room import proposals as p
from tcp_server.room.marks import AwayHere
from tcp_server.room.outcome import Outcome
from tcp_server.room.outputs import Previewed
from tcp_server.room.retries import Retries
from tcp_server.room.shared_room import SharedRoom
from tcp_server.room.steps import Step, pieces
from tcp_server.sequencer import Sequencer

_TICK: Final = 0.5
"""Seconds between two looks at this server and the others."""

_START_TICK: Final = 0.05
"""The same until its run has begun."""

_BEAT_SECONDS: Final = 1.0
"""A server that has nothing to propose shows after so many seconds that it is alive."""

_MAX_BEAT_SECONDS: Final = 5.0
"""The same for one that proposes all the time: a beat says what it has applied, or nothing is trimmed."""

_MAX_IN_FLIGHT: Final = 512 * 1024
"""Estimated bytes of what is proposed and not applied, above which clients' threads wait."""

_MAX_PIECE: Final = 512 * 1024
"""Most bytes, as estimated, that each client is sent at once, unless one entry has more: as many as a socket
takes at once (`acceptor`)."""

_READERS_SECONDS: Final = 1.0
"""Longest time, in seconds, that the entries of one read wait for slow clients."""

_MAX_TYPING: Final = 3
"""Most names a second that the other servers are told are typing."""

_STOP_SECONDS: Final = 1.0
"""Longest time, in seconds, to wait until the end of this server's run is in the stream."""

_EPOCH_SECONDS: Final = 5.0
"""Longest time, in seconds, that it takes to tell of a new epoch."""

_ANY_POSITION: Final = (1 << 63) - 1


class _Typing(msgspec.Struct, array_like=True):
    """What is published when somebody is typing."""

    incarnation: bytes
    name: str


class _Output(msgspec.Struct, array_like=True):
    """What is published of a live message: its last lines, and the tail."""

    incarnation: bytes
    id: int
    lines: int
    text: str
    tail: str


class _Away(msgspec.Struct, array_like=True):
    """What is published of who is away on all seats of a run: numbers of members, and why."""

    incarnation: bytes
    people: dict[int, str]


_encode = msgspec.msgpack.Encoder().encode
_ask = msgspec.msgpack.Decoder(PieceRequest | AddressRequest)
_typing = msgspec.msgpack.Decoder(_Typing)
_output = msgspec.msgpack.Decoder(_Output)
_away = msgspec.msgpack.Decoder(_Away)


class Node:
    """The part of a server that knows of the others.

    `send` and `tell` are for the room; `settle` and `admit` for clients' threads; `not_ready` for any.
    """

    def __init__(self, name: str, stream: Stream, leave: Callable[[str, bool], None]) -> None:
        """`name` is that of the server. `leave` ends it: why, and whether to start again, without waiting."""
        self.name = name
        """The name of this server among the others."""
        self._stream = stream
        self._leave = leave
        self._appender = Appender(stream)
        self._capacity = threading.Condition()  # notified when something was applied, or the server stops
        self._is_closed = threading.Event()
        self._liveness = Liveness(time.monotonic)  # guarded by the room lock, as all below
        self._namesake = Namesake(time.monotonic)
        self._own = 0, 0.0  # position of the newest own entry, and since when it is that; monotonic
        self._beaten_at = 0.0  # when this server last showed that it is alive; monotonic
        self._retries = Retries(time.monotonic)  # of runs that are to begin or to end
        self._overruled: list[str] = []  # settings, when that was last logged
        self._typing_at: list[float] = []  # when the other servers were last told; monotonic
        self._neighbours = Neighbours()
        self._patience = Patience(time.monotonic)  # owned by the tail's thread, not guarded
        self._clock = RedisClock(stream)  # owned by the keeper's thread, not guarded
        self._addresses = Addresses(
            stream, lambda member: under_lock(self._sequencer, self._room.addresses_here, member)
        )
        self._keeper = threading.Thread(target=self._keep_on, name="cluster", daemon=True)

    # --- for the room ----------------------------------------------------------------

    def send(self, incarnation: bytes, proposals: Sequence[p.AnyProposal]) -> None:
        """Add what the room proposes to the stream, later."""
        self._appender.send(incarnation, proposals)

    def tell(self, event: m.Typing | Previewed | AwayHere) -> None:
        """Tell the other servers of output, who is away, or, unless they were told of many, who is typing."""
        if isinstance(event, Previewed):
            preview = event.preview
            told = _Output(self._room.view.incarnation, preview.id, preview.lines, preview.text, event.tail)
            self._stream.publish("output", _encode(told))
            return
        if isinstance(event, AwayHere):
            self._stream.publish("away", _encode(_Away(self._room.view.incarnation, event.people)))
            return
        now = time.monotonic()
        self._typing_at = [at for at in self._typing_at if at + 1.0 > now]
        if len(self._typing_at) < _MAX_TYPING:
            self._typing_at.append(now)
            self._stream.publish("typing", _encode(_Typing(self._room.view.incarnation, event.name)))

    def find_addresses(self, member: int, servers: int, done: Callable[[Sequence[str]], list[Any]]) -> None:
        """Ask other servers from where a member is connected there; `done` is then work for the sequencer."""
        self._addresses.find(member, servers, lambda found: self._sequencer.submit(done, found))

    # --- how it is ---------------------------------------------------------------------

    @property
    def is_up(self) -> bool:
        """Whether this server is part of the room. Any thread."""
        return self._room.view.is_up

    @property
    def is_heard(self) -> bool:
        """Whether Redis has answered a moment ago. Any thread."""
        return self._tail.is_heard

    def not_ready(self) -> str:
        """Return why clients should go elsewhere, or nothing. Any thread; waits for nothing."""
        if self._room.is_held_up:
            return "the log cannot be written"
        if not self._room.view.is_up:
            return "it is not part of the room yet"
        if self._tail.is_current or not (self._tail.is_heard or self._neighbours.do_hear):
            return ""  # where nobody hears Redis, clients are nowhere better off
        return "it is behind the others" if self._tail.is_heard else f"no Redis: {self._tail.why_away}"

    def read_metrics(self) -> Iterator[Metric]:
        """Yield the figures of the cluster, as this server sees it. Any thread; waits for nothing."""
        view, tail = self._room.view, self._tail
        yield Metric("oneroom_cluster_servers", "Servers that are part of the room.", view.servers)
        yield Metric("oneroom_cluster_up", "1 if this server is part of the room.", view.is_up)
        yield Metric("oneroom_cluster_redis_heard", "1 if Redis has answered a moment ago.", tail.is_heard)
        yield Metric("oneroom_cluster_current", "1 if all that Redis has was applied.", tail.is_current)
        in_flight = "Bytes that were said here and have not come back from Redis."
        yield Metric("oneroom_cluster_in_flight_bytes", in_flight, view.bytes_in_flight)
        disagreeing = "Servers that have come to another state."
        yield Metric("oneroom_cluster_disagreeing", disagreeing, view.disagreements)
        entries = "Entries of Redis that were applied since the start."
        yield Metric("oneroom_cluster_entries_total", entries, self._room.entries)

    # --- the start and the end -------------------------------------------------------

    def start(self, room: SharedRoom[Writer], sequencer: Sequencer, history: SqliteHistory) -> None:
        """Begin to read and to add; this server is then brought up. Once."""
        self._room = room
        self._sequencer = sequencer
        self._checkpoints = Checkpoints(
            self._stream, history.path, lambda below: sequencer.submit(room.settle, below)
        )
        self._tail = Tail(
            self._stream,
            room.view.position,
            apply=self._apply,
            clients=lambda: room.clients,
            entries_after=partial(under_lock, sequencer, history.entries_after),
            note_complete=self._appender.note_complete,
            begin_epoch=self._begin_epoch,
            note_refilled=self._checkpoints.make_soon,
            leave=self._leave_cluster,
        )
        self._filler = Filler(
            self._stream,
            history.path,
            missing=lambda: under_lock(sequencer, lambda: history.missing),
            fill=partial(under_lock, sequencer, history.fill),
            runs=lambda: under_lock(sequencer, lambda: [*room.view.others]),
            run=lambda: room.view.incarnation,
        )
        self._appender.start()
        self._tail.start()
        self._stream.listen(self._hear)
        self._keeper.start()
        self._filler.start()

    def close(self) -> None:
        """End this run, and the threads. Once, after `start`; the room has no connections any more."""
        self._sequencer.submit(self._room.go_down)
        with self._capacity:
            self._capacity.wait_for(lambda: not self._room.view.is_up, _STOP_SECONDS)
        self._is_closed.set()
        self._stream.close()
        self._appender.close()
        self._tail.close()
        self._filler.close()
        self._keeper.join()

    def release(self) -> None:
        """Let all clients' threads go on: the server stops."""
        self._is_closed.set()
        with self._capacity:
            self._capacity.notify_all()

    # --- for clients' threads --------------------------------------------------------

    def settle(self, writer: Writer) -> None:
        """Wait until all was applied that a connection has asked for before."""
        done = threading.Event()
        self._sequencer.submit(self._room.when_settled, writer, done.set)
        done.wait()

    def admit(self) -> None:
        """Wait while too much is proposed and not applied: as long as Redis is away."""
        if self._room.view.bytes_in_flight > _MAX_IN_FLIGHT:
            with self._capacity:
                while self._room.view.bytes_in_flight > _MAX_IN_FLIGHT and not self._is_closed.is_set():
                    self._tail.hurry()
                    self._capacity.wait()

    # --- in the tail's thread --------------------------------------------------------

    def _apply(self, found: Read) -> None:
        """Have the room apply entries, and wait until their effects are on their way. Raises `UnknownEntry`.

        What many entries send to a client does not fit into its socket: they are applied in pieces, between
        which clients have time to read.
        """
        room, is_current = self._room, self._tail.is_current
        deadline = time.monotonic() + _READERS_SECONDS
        for steps in pieces([Step.read(*one) for one in found], _MAX_PIECE):
            patience = self._patience.deadline(steps[0].at, is_current=is_current)
            self._sequencer.await_readers(min(deadline, patience))
            self._sequencer.call(room.apply, steps)
            while room.is_held_up and not self._is_closed.wait(_TICK):
                self._sequencer.call(lambda: ())  # its commit tries again
            self._appender.note_read(room.view.incarnation, room.view.newest_seq)
            with self._capacity:
                self._capacity.notify_all()

    def _begin_epoch(self) -> None:
        """Tell all servers that entries are lost: all clients have to start anew. Raises `Away`."""
        up = p.Up(self.name, _ANY_POSITION)
        self._appender.note_complete(self._stream.run_id())
        self._appender.send_last(secrets.token_bytes(8), [up, p.Epoch(secrets.token_hex(8))])
        if not self._appender.wait_until_added(_EPOCH_SECONDS):
            raise Away("the new epoch could not be added")

    def _leave_cluster(self, reason: str, again: bool) -> None:  # noqa: FBT001 - as `leave`
        log_event(WARNING, "cluster left", reason=reason)
        self.release()
        self._leave(reason, again)

    # --- in other threads ------------------------------------------------------------

    def _hear(self, topic: str, data: bytes) -> None:
        """Take what another server has published."""
        try:
            self._take(topic, data)
        except msgspec.DecodeError as error:  # of another version
            log_often(WARNING, "not understood", reason=topic, error=str(error))

    def _take(self, topic: str, data: bytes) -> None:
        """Raises `msgspec.DecodeError`."""
        if topic == "ask":
            self._answer(_ask.decode(data))
        elif topic == "typing":
            typing = _typing.decode(data)
            if typing.incarnation != self._room.view.incarnation:
                self._sequencer.submit(self._room.tell_typing, m.Typing(typing.name))
        elif topic == "output":
            output = _output.decode(data)
            if output.incarnation != self._room.view.incarnation:
                told = Previewed(m.Preview(output.id, output.lines, output.text), output.tail)
                self._sequencer.submit(self._room.tell_output, told)
        elif topic == "away":
            away = _away.decode(data)
            if away.incarnation != self._room.view.incarnation:
                self._sequencer.submit(self._room.hear_away, away.incarnation, away.people)

    def _answer(self, request: PieceRequest | AddressRequest) -> None:
        with suppress(Away):
            if isinstance(request, PieceRequest):
                self._filler.answer(request)
            else:
                self._addresses.answer(request)

    def _keep_on(self) -> None:
        while not self._is_closed.wait(_TICK if self._room.view.is_up else _START_TICK):
            if self._tail.is_current:
                self._sequencer.submit(self._look_around)
                self._checkpoints.keep(self._room)
                self._clock.watch(self._room.view.position)
            elif self._tail.is_heard:
                self._sequencer.submit(self._show_alive)
            else:
                self._neighbours.ask(under_lock(self._sequencer, lambda: self._room.view.status_addresses))

    def _show_alive(self) -> list[Outcome[Writer]]:
        """Work for the sequencer while this server is behind: its clients would be lost if it were silent."""
        now = time.monotonic()
        if now - self._beaten_at < _BEAT_SECONDS:
            return []
        self._beaten_at = now
        return self._room.beat()

    def _look_around(self) -> list[Outcome[Writer]]:
        """Work for the sequencer: show that this server is alive, and look whether the others are."""
        room, now = self._room, time.monotonic()
        if room.is_replaced:
            return self._leave_to_namesake()
        if not room.view.is_up:
            has_namesake = self._namesake.is_alive(room.view.newest_of(self.name))
            if has_namesake:
                return self._leave_to_namesake()
            return room.come_up() if has_namesake is False and self._retries.is_due(b"") else []
        if (overruled := room.overruled) != self._overruled:
            self._overruled = overruled
            log_event(WARNING, "settings differ", settings=overruled or "none any more")
        if self._differs():
            self._leave_cluster(
                "its state differs from the others': move its log away, start it again", False
            )
            return []
        outcomes: list[Outcome[Writer]] = []
        if room.view.newest_own != self._own[0]:
            self._own = room.view.newest_own, now
        is_silent = now - self._own[1] >= _BEAT_SECONDS
        if is_silent or now - self._beaten_at >= _MAX_BEAT_SECONDS:
            self._beaten_at = now
            outcomes += room.beat()
        for incarnation in self._liveness.note(room.view.newest_own, room.view.others):
            if self._retries.is_due(incarnation):
                log_event(WARNING, "server down", run=incarnation.hex())
                outcomes += room.declare_down(incarnation)
        return outcomes

    def _leave_to_namesake(self) -> list[Outcome[Writer]]:
        """End this server, as another one has its name."""
        self._leave_cluster(f"another server is called {self.name}: each needs a --node of its own", False)
        return []

    def _differs(self) -> bool:
        """Return whether the state here is not that of most servers; of two, the younger one is in doubt."""
        disagreeing, others = len(self._room.view.disagreeing), len(self._room.view.others)
        return 2 * disagreeing > others and not (others == 1 and self._room.view.is_oldest)


def under_lock(sequencer: Sequencer, read: Callable[..., Any], *args: Any) -> Any:
    """Return what `read(*args)` returns under the room lock."""
    result: list[Any] = []

    def work() -> Sequence[Outcome[Writer]]:
        result.append(read(*args))
        return ()

    sequencer.call(work)
    return result[0]
