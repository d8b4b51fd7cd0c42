"""Sends each batch to every client. The only writer to client sockets.

A batch is one send for each client, however many messages are in it: the events are
encoded once for each output, and all clients share these bytes; only a client whose
own requests are in the batch gets a copy with its answers. A client that cannot take
all bytes keeps views of the shared block. Past the backlog limit, or after the write
timeout, it is dropped. No thread ever waits for it.
"""

import time
from collections.abc import Callable, Sequence

from chat_protocol.commands import ChangeOutput
from chat_protocol.log_event import WARNING, log_event
from chat_protocol.messages import Bye
from chat_protocol.tally import tally
from tcp_server.config import Config
from tcp_server.connection.figures import Figures
from tcp_server.connection.poller import WritePoller
from tcp_server.connection.writer import Writer
from tcp_server.dialects.output import JSON, LINES, PLAIN, Output
from tcp_server.room.commands import OutputChanged
from tcp_server.room.outcome import AudienceChange, Outcome

_BLOCKED_SHARE = 4
"""Senders are slowed down when more than one in this many readers is blocked."""

_MAX_BACKPRESSURE = 2.0
"""Longest time, in seconds, that senders are slowed down for one slow reader."""

_PROGRESS_TIMEOUT = 0.4
"""Seconds without progress after which a reader no longer slows senders down."""


class FanOut:
    """Delivers outcomes to writers, and closes their sockets in the end.

    Not thread-safe: the caller holds the sequencer's room lock.
    """

    def __init__(self, config: Config, poller: WritePoller, drop: Callable[[Writer], None]) -> None:
        """`drop` is called with a reader that is too slow, to make it leave the room."""
        self._config = config
        self._poller = poller
        self._drop = drop
        # Members' connections, by output; dicts serve as ordered sets.
        self._audience: dict[Output, dict[Writer, None]] = {PLAIN: {}, LINES: {}, JSON: {}}
        self._blocked: dict[int, Writer] = {}  # writers with a backlog, by descriptor
        self._closing: dict[Writer, None] = {}  # closing writers, by deadline
        self._released: list[Writer] = []  # their threads have ended; closed after this batch
        self.figures = Figures()

    # --- work for the sequencer ------------------------------------------------------

    def send(self, writer: Writer, data: bytes) -> list[Outcome[Writer]]:
        """Send bytes that are no event: the first prompt, answers of Telnet."""
        if writer.ends_at is None and not writer.write(data):
            self._on_blocked(writer)
        return []

    def change_output(self, writer: Writer, change: ChangeOutput) -> list[Outcome[Writer]]:
        """Write to a connection as it asks from now on, and say so."""
        output = writer.output.changed(change)
        audience = self._audience.setdefault(output, {})
        if writer in self._audience[writer.output]:
            del self._audience[writer.output][writer]
            audience[writer] = None
        writer.output = output
        return [Outcome(writer, [OutputChanged(change.charset)])]

    def resume(self, descriptors: Sequence[int]) -> list[Outcome[Writer]]:
        """Continue to send to readers that can take more."""
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

    def check_deadlines(self) -> list[Outcome[Writer]]:
        """Drop readers without progress, and abort connections whose close timeout is over."""
        now = time.monotonic()
        self._note_readers()
        if timeout := self._config.write_timeout:
            stalled = [writer for writer in self._blocked.values() if writer.progress_at + timeout <= now]
            for writer in stalled:
                if writer.ends_at is None:
                    self._drop_slow_reader(writer, "write_timeout")
        for writer in [one for one in self._closing if one.ends_at is not None and one.ends_at <= now]:
            writer.abort()
            del self._closing[writer]
            self._on_drained(writer)
        return []

    def release(self, writer: Writer) -> list[Outcome[Writer]]:
        """Close the socket once everything is sent: its thread has ended."""
        self._released.append(writer)
        return []

    # --- the batch -------------------------------------------------------------------

    def deliver(self, outcomes: Sequence[Outcome[Writer]]) -> float:
        """Send the outcomes of one batch; return for how many seconds senders should be slowed down."""
        own: dict[Writer, list[int]] = {}  # positions of each participant's own outcomes
        for position, outcome in enumerate(outcomes):
            if outcome.connection is not None:
                own.setdefault(outcome.connection, []).append(position)
        deliveries, sent = len(own), 0
        outputs = {writer.output for writer in own}
        for output, audience in self._audience.items():
            if not audience and output not in outputs:
                continue
            participants = [writer for writer in own if writer.output is output]
            encoded = [output.encode(outcome.shared) if outcome.shared else b"" for outcome in outcomes]
            if block := output.concat(encoded):
                others = [writer for writer in audience if writer not in own]
                self._deliver_shared(others, block)
                deliveries += len(others)
                sent += len(others) * len(block)
            for writer in participants:
                sent += self._deliver_to_participant(writer, own[writer], outcomes, encoded)
        for writer in self._released:
            writer.released = True
            self._close_when_drained(writer)
        self._released.clear()
        figures = self.figures
        figures.batches += 1
        figures.outcomes += len(outcomes)
        figures.deliveries += deliveries
        figures.sent += sent
        return self._backpressure_seconds()

    def _deliver_shared(self, writers: Sequence[Writer], data: bytes) -> None:
        """Send to clients without requests in the batch. The hot loop: one send each."""
        for writer in writers:
            if not writer.write(data):
                self._on_blocked(writer)

    def _deliver_to_participant(
        self,
        writer: Writer,
        positions: Sequence[int],
        outcomes: Sequence[Outcome[Writer]],
        encoded: list[bytes],
    ) -> int:
        """Send to a participant: its answers replace what the others are sent for its requests.

        Return how many bytes that were.
        """
        audience = self._audience[writer.output]
        pieces: list[bytes] = []
        sent = 0
        leaves = False
        for position in positions:
            outcome = outcomes[position]
            if writer in audience:
                pieces += encoded[sent:position]
            sent = position + 1
            if outcome.answer:
                pieces.append(writer.output.encode(outcome.answer))
            if outcome.audience_change is AudienceChange.JOIN:
                audience[writer] = None
            elif outcome.audience_change is AudienceChange.LEAVE:
                audience.pop(writer, None)
                leaves = True
                writer.bye = next((one.reason for one in outcome.answer if isinstance(one, Bye)), writer.bye)
                break  # what it has asked for in the same batch is not answered any more
        if writer in audience:
            pieces += encoded[sent:]
        was_open = writer.ends_at is None
        if leaves:
            self._begin_closing(writer)
        data = writer.output.concat(pieces) if was_open else b""
        if data and not writer.write(data):
            self._on_blocked(writer)
        if leaves:
            self._close_when_drained(writer)
        return len(data)

    # --- slow readers, and closing --------------------------------------------------

    def _note_readers(self) -> None:
        joined = dict.fromkeys(("plain", "lines", "json"), 0)
        for output, audience in self._audience.items():  # other encodings and languages are of lines
            joined[{PLAIN: "plain", JSON: "json"}.get(output, "lines")] += len(audience)
        self.figures.joined = joined
        self.figures.blocked = len(self._blocked)
        self.figures.backlog = sum([writer.waiting for writer in self._blocked.values()])

    def _backpressure_seconds(self) -> float:
        """Return for how many seconds senders should be slowed down, 0 if not at all.

        Counts only readers that make progress. A single reader counts too once its backlog is
        half of the limit.
        """
        if not self._blocked:
            return 0.0
        now = time.monotonic()
        seconds = {}
        for writer in self._blocked.values():
            end = min(writer.blocked_since + _MAX_BACKPRESSURE, writer.progress_at + _PROGRESS_TIMEOUT)
            if end > now:
                seconds[writer] = end - now
        if _BLOCKED_SHARE * len(seconds) > sum(map(len, self._audience.values())):
            return max(seconds.values())
        limit = self._config.backlog
        if not limit:
            return 0.0
        half_full = [one for one in seconds if one.backlog and one.backlog.exceeds(limit // 2)]
        return max(map(seconds.__getitem__, half_full), default=0.0)

    def _on_blocked(self, writer: Writer) -> None:
        """Queue a blocked reader for later writing; a broken one leaves the audience at once.

        Otherwise, when many disconnect at once, each `left` would be sent to all the broken sockets.
        """
        if writer.broken:
            self._audience[writer.output].pop(writer, None)
            return
        fd = writer.socket.fileno()
        if fd not in self._blocked:
            self._blocked[fd] = writer
            writer.progress_at = writer.blocked_since = time.monotonic()
            self._arm(writer)
        limit = self._config.backlog
        if limit and writer.ends_at is None and writer.backlog and writer.backlog.exceeds(limit):
            self._drop_slow_reader(writer, "backlog")

    def _drop_slow_reader(self, writer: Writer, setting: str) -> None:
        """Cut a reader that is over the limit of a setting."""
        tally("reader cut", setting)
        log_event(WARNING, "reader cut", reason=setting, id=writer.id, waiting=writer.waiting)
        audience = self._audience[writer.output]
        if writer in audience:
            del audience[writer]
            writer.truncate_backlog()
            self._drop(writer)
        else:
            writer.abort()

    def _arm(self, writer: Writer) -> None:
        try:
            self._poller.arm(writer.socket.fileno())
        except OSError:  # the kernel is out of memory
            writer.abort()

    def _begin_closing(self, writer: Writer) -> None:
        if writer.ends_at is None:
            writer.ends_at = time.monotonic() + self._config.close_timeout
            self._closing[writer] = None

    def _close_when_drained(self, writer: Writer) -> None:
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
