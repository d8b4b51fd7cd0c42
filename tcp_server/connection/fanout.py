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
from tcp_server.connection.poller import Readiness
from tcp_server.connection.writer import Outlet
from tcp_server.dialects.dialect import Dialect, Json, Lines, Plain
from tcp_server.room.outcome import Outcome, Presence

_FEW = 4
"""One reader in so many may lag before talkers are asked to wait."""

_HOPE = 2.0
"""Seconds of lagging after which nobody is asked to wait for a reader any more."""

_PULSE = 0.4
"""Seconds without progress after which nobody is: who reads at all takes something in this time."""


class FanOut:
    """Delivers outcomes to outlets, and sees each outlet to its end.

    Not thread-safe: all of it is called by whoever holds the sequencer.
    """

    def __init__(self, config: Config, readiness: Readiness, cut: Callable[[Outlet], None]) -> None:
        """`cut` is told of an outlet that lags too far; it has to make it leave the room."""
        self._config = config
        self._readiness = readiness
        self._cut = cut
        # Those who hear the room, by dialect; dicts used as sets that keep their order.
        self._audience: dict[type[Dialect], dict[Outlet, None]] = {Plain: {}, Lines: {}, Json: {}}
        self._blocked: dict[int, Outlet] = {}  # those with a backlog, by descriptor
        self._ending: dict[Outlet, None] = {}  # those with a last moment, soonest first
        self._released: list[Outlet] = []  # their threads have ended; closed behind this batch

    # --- work for the sequencer ------------------------------------------------------

    def greet(self, outlet: Outlet) -> list[Outcome[Outlet]]:
        """Ask a new connection for its name."""
        outlet.write(PROMPT)
        return []

    def resume(self, descriptors: Sequence[int]) -> list[Outcome[Outlet]]:
        """Go on with those that can be written again."""
        now = time.monotonic()
        for fd in descriptors:
            outlet = self._blocked.get(fd)
            if outlet is None:
                continue
            outlet.drain(now)
            if outlet.backlog:
                self._arm(outlet)
            else:
                del self._blocked[fd]
                self._when_sent(outlet)
        return []

    def watch_deadlines(self) -> list[Outcome[Outlet]]:
        """Cut those that made no progress, and end what is overdue. About once a second."""
        now = time.monotonic()
        if timeout := self._config.write_timeout:
            for outlet in [outlet for outlet in self._blocked.values() if outlet.moved_at + timeout <= now]:
                if outlet.ends_at is None:
                    self._lost_patience(outlet)
        for outlet in [
            outlet for outlet in self._ending if outlet.ends_at is not None and outlet.ends_at <= now
        ]:
            outlet.break_off()
            del self._ending[outlet]
            self._when_sent(outlet)
        return []

    def release(self, outlet: Outlet) -> list[Outcome[Outlet]]:
        """Close the socket once all is sent: nobody reads from it any more."""
        self._released.append(outlet)
        return []

    # --- the batch -------------------------------------------------------------------

    def deliver(self, outcomes: Sequence[Outcome[Outlet]]) -> float:
        """Tell everybody what happened, in order; return for how many seconds to be patient with them."""
        own: dict[Outlet, list[int]] = {}  # where each participant's own outcomes are
        for position, outcome in enumerate(outcomes):
            if outcome.connection is not None:
                own.setdefault(outcome.connection, []).append(position)
        for dialect, audience in self._audience.items():
            participants = [outlet for outlet in own if outlet.dialect is dialect]
            if not audience and not participants:
                continue
            written = [dialect.write(outcome.shared) if outcome.shared else b"" for outcome in outcomes]
            if whole := dialect.join(written):
                self._deliver_whole([outlet for outlet in audience if outlet not in own], whole)
            for outlet in participants:
                self._deliver_own(outlet, own[outlet], outcomes, written)
        for outlet in self._released:
            outlet.released = True
            self._end(outlet)
        self._released.clear()
        return self._patience()

    def _deliver_whole(self, outlets: Sequence[Outlet], data: bytes) -> None:
        """Tell those who only listen: the hot loop, one send each."""
        for outlet in outlets:
            if not outlet.write(data):
                self._look_after(outlet)

    def _deliver_own(
        self,
        outlet: Outlet,
        positions: Sequence[int],
        outcomes: Sequence[Outcome[Outlet]],
        written: list[bytes],
    ) -> None:
        """Tell a participant: its own answers stand where the others hear what it did."""
        audience = self._audience[outlet.dialect]
        pieces: list[bytes] = []
        heard = 0
        leaves = False
        for position in positions:
            outcome = outcomes[position]
            if outlet in audience:
                pieces += written[heard:position]
            heard = position + 1
            if outcome.answer:
                pieces.append(outlet.dialect.write(outcome.answer))
            if outcome.presence is Presence.ENTERS:
                audience[outlet] = None
            elif outcome.presence is Presence.LEAVES:
                audience.pop(outlet, None)
                leaves = True
        if outlet in audience:
            pieces += written[heard:]
        still_heard = outlet.ends_at is None
        if leaves:
            self._begin_end(outlet)
        if (data := outlet.dialect.join(pieces)) and still_heard and not outlet.write(data):
            self._look_after(outlet)
        if leaves:
            self._end(outlet)

    # --- those who lag, and the end --------------------------------------------------

    def _patience(self) -> float:
        """Return the seconds it may help to wait: for those who read slowly, not for those who do not read.

        For a single one too, before it is cut.
        """
        if not self._blocked:
            return 0.0
        now = time.monotonic()
        hopes = {
            outlet: hope
            for outlet in self._blocked.values()
            if (hope := min(outlet.lags_since + _HOPE, outlet.moved_at + _PULSE) - now) > 0
        }
        if _FEW * len(hopes) > sum(map(len, self._audience.values())):
            return max(hopes.values())
        most = self._config.backlog
        nearly_cut = [hope for outlet, hope in hopes.items() if most and 2 * _behind(outlet) > most]
        return max(nearly_cut, default=0.0)

    def _look_after(self, outlet: Outlet) -> None:
        """Wait for one that lags; pass one that is gone over, until its own thread makes it leave.

        When a crowd goes, each of its leavings would otherwise be told to all the others who went.
        """
        if outlet.broken:
            self._audience[outlet.dialect].pop(outlet, None)
            return
        fd = outlet.socket.fileno()
        if fd not in self._blocked:
            self._blocked[fd] = outlet
            outlet.moved_at = outlet.lags_since = time.monotonic()
            self._arm(outlet)
        if self._config.backlog and outlet.ends_at is None and _behind(outlet) > self._config.backlog:
            self._lost_patience(outlet)

    def _lost_patience(self, outlet: Outlet) -> None:
        audience = self._audience[outlet.dialect]
        if outlet in audience:
            del audience[outlet]
            outlet.cut_short()
            self._cut(outlet)
        else:
            outlet.break_off()

    def _arm(self, outlet: Outlet) -> None:
        try:
            self._readiness.arm(outlet.socket.fileno())
        except OSError:  # the kernel has no memory for it: better cut than forgotten
            outlet.break_off()

    def _begin_end(self, outlet: Outlet) -> None:
        if outlet.ends_at is None:
            outlet.ends_at = time.monotonic() + self._config.close_timeout
            self._ending[outlet] = None

    def _end(self, outlet: Outlet) -> None:
        """Let it have what waits, for a short while, and then nothing more."""
        self._begin_end(outlet)
        if not outlet.backlog:
            self._when_sent(outlet)

    def _when_sent(self, outlet: Outlet) -> None:
        if outlet.released:
            self._blocked.pop(outlet.socket.fileno(), None)
            self._ending.pop(outlet, None)
            outlet.socket.close()
        elif outlet.ends_at is not None:
            outlet.end_writing()


def _behind(outlet: Outlet) -> int:
    """Return the bytes that wait behind the block being sent: one alone, a `welcome`, may be of any size."""
    return outlet.waiting - len(outlet.backlog[0]) if outlet.backlog else 0
