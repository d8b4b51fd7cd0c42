"""The thread that reads the stream, and has the room apply what it reads.

Its position is that of the room: what was applied is stored with it, so that a restart goes on there.
"""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

from chat_protocol.log_event import INFO, WARNING, log_event
from tcp_server.cluster.stream import Away, Gap, Stream
from tcp_server.room.proposals import UnknownEntry

_WAIT: Final = 1.0
"""Longest time, in seconds, to wait for the next entry."""

_PAUSE: Final = 0.2
"""Seconds to wait after a failure."""

FIRST_POSITION: Final = 1 << 40
"""Smaller positions are those of a log from before the room was shared: its stream is read from the start."""

_MAX_SILENCE: Final = 2.0
"""Seconds without an answer of Redis after which the tail is behind."""

_MAX_READ: Final = 64
"""Most entries that `Stream.read` returns: with fewer, they were the last ones."""

_MUCH: Final = 32 * 1024
"""Bytes of entries in one read, some 300 messages, from which on they are read less often."""

_INTERVAL_PER_CLIENT: Final = 0.00021
_MAX_INTERVAL: Final = 0.07
"""Seconds from such a read to the next one, for each client, and at most: each is sent all at once that comes
meanwhile. So the sends themselves, some 8 µs each, take no more than 4 % of the time. Without this, several
servers would send smaller pieces more often than one alone: each has sooner sent to its clients."""

Read = Sequence[tuple[int, int, bytes]]
"""Entries with their positions and times."""


class Tail:
    """Reads entry after entry. What it calls is called by its thread, and may wait for the room."""

    def __init__(  # noqa: PLR0913 - each is another part of the server
        self,
        stream: Stream,
        position: int,
        *,
        apply: Callable[[Read], None],
        clients: Callable[[], int],
        entries_after: Callable[[int], Sequence[tuple[int, bytes]]],
        note_complete: Callable[[str], None],
        begin_epoch: Callable[[], None],
        note_refilled: Callable[[], None],
        leave: Callable[[str, bool], None],
    ) -> None:
        """Go on behind `position`. `clients` returns how many are sent what is applied here.

        `entries_after` returns entries that this server has stored; `note_complete` is told which Redis has
        all entries up to here. `begin_epoch` tells all servers that entries are lost; it may raise `Away`.
        `note_refilled` is told that Redis had lost something, and has it again.
        `leave` ends this server: why, and whether it should be started again.
        """
        self._stream = stream
        self._position = position
        self._apply = apply
        self._clients = clients
        self._entries_after = entries_after
        self._note_complete = note_complete
        self._begin_epoch = begin_epoch
        self._note_refilled = note_refilled
        self._leave = leave
        self._heard_at = -_MAX_SILENCE  # monotonic; written by the thread
        self._is_at_end = False  # written by the thread
        self._is_closed = threading.Event()
        self._is_wanted = threading.Event()  # ends the wait for the next read; set by any thread
        self._thread = threading.Thread(target=self._run, name="tail", daemon=True)
        self.why_away = "Redis has not answered yet"
        """Why Redis could not be asked when it last could not. Written by the thread."""

    @property
    def is_heard(self) -> bool:
        """Whether Redis has answered a moment ago. Any thread."""
        return time.monotonic() - self._heard_at < _MAX_SILENCE

    @property
    def is_current(self) -> bool:
        """Whether all was applied that was in the stream a moment ago. Any thread."""
        return self._is_at_end and self.is_heard

    def start(self) -> None:
        """Start the thread. Once."""
        self._thread.start()

    def close(self) -> None:
        """End the thread, after `Stream.close`."""
        self._is_closed.set()
        self.hurry()
        self._thread.join()

    def hurry(self) -> None:
        """Read at once instead of waiting for more: somebody waits for what is read. Any thread."""
        self._is_wanted.set()

    def _run(self) -> None:
        while not self._is_closed.is_set():
            try:
                self._step()
            except Away as error:
                self.why_away = str(error)
                self._is_closed.wait(_PAUSE)
            except UnknownEntry as error:
                self._leave(f"another server is newer, upgrade this one: {error}", False)
                return
            except Exception as error:  # noqa: BLE001 - to leave an entry out would be worse than to stop
                self._leave(f"an entry cannot be applied: {error}", False)
                return

    def _step(self) -> None:
        after = self._position if self._position >= FIRST_POSITION else 0
        try:
            found = self._stream.read(after, _WAIT if self._is_at_end else 0.0)
        except Gap:
            self._recover(after)
            return
        now = time.monotonic()
        if not self.is_heard:
            log_event(INFO, "redis heard")
        self._heard_at = now
        self._note_complete(self._stream.run_id())
        if found:
            self._apply(found)
            self._position = found[-1][0]
        self._is_at_end = len(found) < _MAX_READ
        self._heard_at = time.monotonic()
        if self._is_at_end and sum([len(data) for _, _, data in found]) >= _MUCH:
            interval = min(_INTERVAL_PER_CLIENT * self._clients(), _MAX_INTERVAL)
            self._is_wanted.wait(max(0.0, now + interval - self._heard_at))
            self._is_wanted.clear()

    def _recover(self, after: int) -> None:
        """Add what Redis has lost and this server still has. Raises `Away`."""
        newest = self._stream.newest()
        if newest > after and self._is_there(after):
            return  # another server has added it meanwhile
        if newest <= after and self._refill(newest):
            log_event(WARNING, "redis refilled", after=newest)
            self._note_refilled()
            return
        checkpoint = self._stream.load_checkpoint()
        if checkpoint is None or checkpoint[0] <= after:
            log_event(WARNING, "entries are lost", after=newest, position=after)
            self._begin_epoch()
        self._leave("it has to begin at the newest checkpoint", True)
        self._is_closed.set()

    def _refill(self, newest: int) -> bool:
        """Add the entries behind the newest one; return whether this server has read that one too.

        If it has not, somebody has added something to a Redis that lacked entries: there is a hole.
        """
        entries = self._entries_after(newest - 1)
        is_known = newest == 0 or (bool(entries) and entries[0][0] == newest)
        return is_known and self._stream.refill(entries)

    def _is_there(self, position: int) -> bool:
        try:
            self._stream.read(position, 0.0)
        except Gap:
            return False
        return True
