"""One batch to every socket. The only writer to client sockets.

The work for a batch is one send a client, however many messages are in it: what
everybody hears is written once per dialect and shared, and only those who took
part in the batch get a copy of their own. A client that cannot take its bytes
keeps views of the shared block; past the bound, or after too long without
progress, it is cut. Nobody ever waits for it.
"""

import time
from collections.abc import Callable, Sequence

from chat_protocol.contract import PROMPT
from tcp_server.config import Config
from tcp_server.connection.poller import WritePoller
from tcp_server.connection.writer import Writer
from tcp_server.dialects.dialect import Dialect, Json, Lines, Plain
from tcp_server.room.outcome import Outcome, Presence

_LAGGING_SHARE = 4
"""One reader in so many may lag before talkers are asked to wait."""

_MAX_BACKPRESSURE = 2.0
"""Seconds of lagging after which nobody is asked to wait for a reader any more."""

_PROGRESS_TIMEOUT = 0.4
"""Seconds without progress after which nobody is: who reads at all takes something in this time."""


class FanOut:
    """Delivers outcomes to writers, and sees each writer to its end.

    Not thread-safe: all of it is called by whoever holds the sequencer.
    """

    def __init__(self, config: Config, write_poller: WritePoller, cut: Callable[[Writer], None]) -> None:
        """`cut` is told of an writer that lags too far; it has to make it leave the room."""
        self._config = config
        self._poller = write_poller
        self._cut = cut
        # Those who hear the room, by dialect; dicts used as sets that keep their order.
        self._audience: dict[type[Dialect], dict[Writer, None]] = {Plain: {}, Lines: {}, Json: {}}
        self._blocked: dict[int, Writer] = {}  # those with a backlog, by descriptor
        self._closing: dict[Writer, None] = {}  # those with a last moment, soonest first
        self._released: list[Writer] = []  # their threads have ended; closed behind this batch

    # --- work for the sequencer ------------------------------------------------------

    def send_prompt(self, writer: Writer) -> list[Outcome[Writer]]:
        """Ask a new connection for its name."""
        writer.write(PROMPT)
        return []

    def resume(self, descriptors: Sequence[int]) -> list[Outcome[Writer]]:
        """Go on with those that can be written again."""
        now = time.monotonic()
        for fd in descriptors:
            writer = self._blocked.get(fd)
            if writer is None:
                continue
            writer.drain(now)
            if writer.backlog:
                self._arm(writer)
            else:
                del self._blocked[fd]
                self._on_drained(writer)
        return []

    def watch_deadlines(self) -> list[Outcome[Writer]]:
        """Cut those that made no progress, and end what is overdue. About once a second."""
        now = time.monotonic()
        if timeout := self._config.write_timeout:
            for writer in [
                writer for writer in self._blocked.values() if writer.progress_at + timeout <= now
            ]:
                if writer.ends_at is None:
                    self._drop_slow_reader(writer)
        for writer in [
            writer for writer in self._closing if writer.ends_at is not None and writer.ends_at <= now
        ]:
            writer.abort()
            del self._closing[writer]
            self._on_drained(writer)
        return []

    def release(self, writer: Writer) -> list[Outcome[Writer]]:
        """Close the socket once all is sent: nobody reads from it any more."""
        self._released.append(writer)
        return []

    # --- the batch -------------------------------------------------------------------

    def deliver(self, outcomes: Sequence[Outcome[Writer]]) -> float:
        """Tell everybody what happened, in order; return for how many seconds to be patient with them."""
        own: dict[Writer, list[int]] = {}  # where each participant's own outcomes are
        for position, outcome in enumerate(outcomes):
            if outcome.connection is not None:
                own.setdefault(outcome.connection, []).append(position)
        for dialect, audience in self._audience.items():
            participants = [writer for writer in own if writer.dialect is dialect]
            if not audience and not participants:
                continue
            written = [dialect.write(outcome.shared) if outcome.shared else b"" for outcome in outcomes]
            if whole := dialect.join(written):
                self._deliver_whole([writer for writer in audience if writer not in own], whole)
            for writer in participants:
                self._deliver_own(writer, own[writer], outcomes, written)
        for writer in self._released:
            writer.released = True
            self._close_when_drained(writer)
        self._released.clear()
        return self._backpressure_seconds()

    def _deliver_whole(self, writers: Sequence[Writer], data: bytes) -> None:
        """Tell those who only listen: the hot loop, one send each."""
        for writer in writers:
            if not writer.write(data):
                self._on_blocked(writer)

    def _deliver_own(
        self,
        writer: Writer,
        positions: Sequence[int],
        outcomes: Sequence[Outcome[Writer]],
        written: list[bytes],
    ) -> None:
        """Tell a participant: its own answers stand where the others hear what it did."""
        audience = self._audience[writer.dialect]
        pieces: list[bytes] = []
        heard = 0
        leaves = False
        for position in positions:
            outcome = outcomes[position]
            if writer in audience:
                pieces += written[heard:position]
            heard = position + 1
            if outcome.answer:
                pieces.append(writer.dialect.write(outcome.answer))
            if outcome.presence is Presence.ENTERS:
                audience[writer] = None
            elif outcome.presence is Presence.LEAVES:
                audience.pop(writer, None)
                leaves = True
        if writer in audience:
            pieces += written[heard:]
        still_heard = writer.ends_at is None
        if leaves:
            self._begin_closing(writer)
        if (data := writer.dialect.join(pieces)) and still_heard and not writer.write(data):
            self._on_blocked(writer)
        if leaves:
            self._close_when_drained(writer)

    # --- those who lag, and the end --------------------------------------------------

    def _backpressure_seconds(self) -> float:
        """Return the seconds it may help to wait: for those who read slowly, not for those who do not read.

        For a single one too, before it is cut.
        """
        if not self._blocked:
            return 0.0
        now = time.monotonic()
        seconds = {
            writer: left
            for writer in self._blocked.values()
            if (
                left := min(writer.blocked_since + _MAX_BACKPRESSURE, writer.progress_at + _PROGRESS_TIMEOUT)
                - now
            )
            > 0
        }
        if _LAGGING_SHARE * len(seconds) > sum(map(len, self._audience.values())):
            return max(seconds.values())
        most = self._config.backlog
        nearly_cut = [
            left
            for writer, left in seconds.items()
            if most and writer.backlog and writer.backlog.exceeds(most // 2)
        ]
        return max(nearly_cut, default=0.0)

    def _on_blocked(self, writer: Writer) -> None:
        """Wait for one that lags; pass one that is gone over, until its own thread makes it leave.

        When a crowd goes, each of its leavings would otherwise be told to all the others who went.
        """
        if writer.broken:
            self._audience[writer.dialect].pop(writer, None)
            return
        fd = writer.socket.fileno()
        if fd not in self._blocked:
            self._blocked[fd] = writer
            writer.progress_at = writer.blocked_since = time.monotonic()
            self._arm(writer)
        most = self._config.backlog
        if most and writer.ends_at is None and writer.backlog and writer.backlog.exceeds(most):
            self._drop_slow_reader(writer)

    def _drop_slow_reader(self, writer: Writer) -> None:
        audience = self._audience[writer.dialect]
        if writer in audience:
            del audience[writer]
            writer.truncate_backlog()
            self._cut(writer)
        else:
            writer.abort()

    def _arm(self, writer: Writer) -> None:
        try:
            self._poller.arm(writer.socket.fileno())
        except OSError:  # the kernel has no memory for it: better cut than forgotten
            writer.abort()

    def _begin_closing(self, writer: Writer) -> None:
        if writer.ends_at is None:
            writer.ends_at = time.monotonic() + self._config.close_timeout
            self._closing[writer] = None

    def _close_when_drained(self, writer: Writer) -> None:
        """Let it have what waits, for a short while, and then nothing more."""
        self._begin_closing(writer)
        if not writer.backlog:
            self._on_drained(writer)

    def _on_drained(self, writer: Writer) -> None:
        if writer.released:
            self._blocked.pop(writer.socket.fileno(), None)
            self._closing.pop(writer, None)
            writer.socket.close()
        elif writer.ends_at is not None:
            writer.end_writing()
