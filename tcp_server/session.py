"""One client's thread: let it in, read what it says, pass that on, no faster than it may."""

import socket
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import groupby

from chat_protocol.errors import BadMessage, LineTooLong
from chat_protocol.messages import Authenticate, Bans, Bye, HistoryRequest, Search, Throttled
from tcp_server.commands import Who, Wish
from tcp_server.dialects import NotChat
from tcp_server.entrance import Entrance, House
from tcp_server.guesses import Dismissed, Guesses
from tcp_server.inlet import Inlet, Silent
from tcp_server.outcome import Outcome, Presence
from tcp_server.outlet import Outlet
from tcp_server.throttle import Budget, count, kind_of

_PORTION = 1024
"""How many wishes of one client are submitted at a time: short lines grow, with a name before each."""

_LENGTHY = (HistoryRequest, Search, Who, Bans)
"""Wishes that a few bytes ask for and many bytes answer."""

_ALONE = frozenset({*_LENGTHY, Authenticate})
"""Wishes that are submitted alone."""

_LENGTHY_SIZE = 256 * 1024
"""What a lengthy answer is taken to be, in bytes."""

_MOST_READ = 4096
"""Bytes to read at a time from a client that may be made to wait: what is read lies in our memory."""

_BREATH = 0.005
"""Seconds that a client waits behind what takes long: others are to have their turn meanwhile."""

_STEP = 0.25
"""Seconds that a client which is too fast waits at a time, while several more messages are to wait for."""

_WORTH_TELLING = 0.5
"""Seconds of waiting of which a client is told."""

_TOLD_ONCE = 1.0
_TOLD_AGAIN = 10.0
"""Seconds between two times it is told; the longer ones while what was read at once goes on waiting."""


class Session:
    """The life of one connection; `run` is its thread.

    The thread only ever waits for bytes of its own client, for its turn with the room, or
    because the client is too fast. It writes to nobody, not even to its own client: fan-out does.
    """

    def __init__(self, sock: socket.socket, host: str, house: House) -> None:
        """`host` is the plain address of whoever is connected; a trusted one may name another."""
        self.outlet = Outlet(sock, host)
        self._inlet = Inlet(sock)
        self._config = house.config
        self._sequencer = house.sequencer
        self._room = house.room
        self._fanout = house.fanout
        self._guesses = Guesses(self._inlet, self.outlet, house.admission, house.sequencer)
        self._entrance = Entrance(self._inlet, self.outlet, house, self._guesses)
        self._silence = "late"  # why it is dismissed when nothing is heard of it
        self._told_at = -_TOLD_ONCE  # when it last heard that it is too fast

    def run(self) -> None:
        """Serve the client until it is gone; never raises for anything it does."""
        try:
            self._serve()
        except Dismissed as reason:
            self._dismiss(str(reason))
        except Silent:
            self._dismiss(self._silence)
        except LineTooLong:
            self._dismiss("line_too_long")
        except (NotChat, OSError):
            pass
        finally:
            self._sequencer.submit(self._lost)
            self._sequencer.submit(self._fanout.release, self.outlet)

    def _serve(self) -> None:
        self._sequencer.submit(self._fanout.greet, self.outlet)
        dialect, chunk = self._entrance.find_dialect()
        wishes, budget = self._entrance.let_in(dialect, chunk)
        self._silence = "silent"
        self._inlet.wait_within(self._config.silence if dialect.pings else 0)
        size = dialect.first_read
        most = dialect.max_read if budget.unlimited else _MOST_READ
        while True:
            if budget.unlimited or budget.take_all(count(wishes)):
                self._submit(wishes, len(chunk))
            else:
                self._submit_in_time(wishes, len(chunk), budget)
            if wishes and isinstance(wishes[-1], BadMessage):  # nonsense takes long to read
                size = dialect.first_read
                self._inlet.pause(_BREATH)
            chunk = self._inlet.receive(size)
            # A small buffer for each idle client, a large one for each busy one.
            if len(chunk) == size:
                size = min(2 * size, most)
            elif len(chunk) < size // 4:
                size = max(size // 2, dialect.first_read)
            wishes = dialect.read(chunk)

    def _submit(self, wishes: Sequence[Wish], received: int) -> None:
        """Have the room do it; `received` is how many bytes of the client that was."""
        for portion in _portions(wishes):
            if isinstance(portion[0], Authenticate):
                self._guesses.attempt(self._room.handle, self.outlet, portion)
                continue
            lengthy = isinstance(portion[0], _LENGTHY)
            size = _LENGTHY_SIZE if lengthy else received + 100 * len(portion)
            self._sequencer.submit(self._room.handle, self.outlet, portion, size=size)
            if lengthy:
                self._inlet.pause(_BREATH)

    def _submit_in_time(self, wishes: Sequence[Wish], received: int, budget: Budget) -> None:
        """Have the room do of it what the client may ask for now, and the rest as time goes on."""
        left = count(wishes)
        tell_after = _TOLD_ONCE
        for kind, run in groupby(wishes, kind_of):
            rest = list(run)
            while rest:
                taken = budget.take(kind, len(rest))
                self._submit(rest[:taken], received * taken // len(wishes))
                del rest[:taken]
                left[kind] -= taken
                if not rest:
                    break
                if self._tell(budget.wait(left), tell_after):
                    tell_after = _TOLD_AGAIN
                self._inlet.pause(min(_STEP, budget.wait(Counter({kind: len(rest)}))))

    def _tell(self, seconds: float, after: float) -> bool:
        """Tell the client how long it has to wait, if that is long and it was last told so long ago."""
        now = time.monotonic()
        if seconds < _WORTH_TELLING or now - self._told_at < after:
            return False
        self._told_at = now
        self._sequencer.submit(self._slow_down, round(seconds, 1))
        return True

    def _dismiss(self, reason: str) -> None:
        """End the conversation, then read on for a while.

        To close a socket with bytes unread is to reset it, and a reset would overtake
        the goodbye. Fan-out breaks the connection off when its time is over.
        """
        self._sequencer.submit(self.part, reason)
        with suppress(OSError, Silent):
            self._inlet.wait_within(0)
            while True:
                self._inlet.receive(4096)

    # --- work for the sequencer ------------------------------------------------------

    def part(self, bye: str) -> Sequence[Outcome[Outlet]]:
        """Say goodbye to the client, wherever it is in its conversation."""
        return self._room.leave(self.outlet, for_good=False, bye=bye) or [
            Outcome(self.outlet, [Bye(bye)], (), Presence.LEAVES)
        ]

    def _slow_down(self, seconds: float) -> Sequence[Outcome[Outlet]]:
        return [Outcome(self.outlet, [Throttled(seconds)])]

    def _lost(self) -> Sequence[Outcome[Outlet]]:
        """The client is gone without a word; whoever has left already is not concerned."""
        return self._room.leave(self.outlet, for_good=False)


def _portions(wishes: Sequence[Wish]) -> Iterator[Sequence[Wish]]:
    """Cut what one client wants into what is done for it at a time, in its order."""
    if _ALONE.isdisjoint(map(type, wishes)):  # nearly always
        yield from (wishes[start : start + _PORTION] for start in range(0, len(wishes), _PORTION))
        return
    start = 0
    for position, wish in enumerate(wishes):
        if type(wish) in _ALONE:
            if start < position:
                yield from _portions(wishes[start:position])
            yield wishes[position : position + 1]
            start = position + 1
    if start < len(wishes):
        yield from _portions(wishes[start:])
