"""One client's thread: let it in, read what it says, pass that on, no faster than it may."""

import socket
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from itertools import groupby

from chat_protocol.errors import BadMessage, LineTooLong
from chat_protocol.messages import Authenticate, Bye, Throttled
from tcp_server.connection.handshake import Entrance, House
from tcp_server.connection.password_attempts import Dismissed, Guesses
from tcp_server.connection.reader import Inlet, Silent
from tcp_server.connection.work_items import LENGTHY, as_said, portions
from tcp_server.connection.writer import Outlet
from tcp_server.dialects.dialect import Dialect, Json, NotChat
from tcp_server.room.commands import Wish
from tcp_server.room.outcome import Outcome, Presence, labelled
from tcp_server.room.rates import Budget, Kind, cost_of, count, kind_of

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

    __slots__ = ("_guesses", "_house", "_inlet", "_silence", "_told_at", "outlet")

    def __init__(self, sock: socket.socket, host: str, house: House) -> None:
        """`host` is the plain address of whoever is connected; a trusted one may name another."""
        self.outlet = Outlet(sock, host)
        self._inlet = Inlet(sock)
        self._house = house
        self._guesses = Guesses(self._inlet, self.outlet, house.admission, house.sequencer)
        self._silence = "late"  # why it is dismissed when nothing is heard of it
        self._told_at = -_TOLD_ONCE  # when it last heard that it is too fast

    def run(self) -> None:
        """Serve the client until it is gone; never raises for anything it does."""
        try:
            self._serve()
        except Dismissed as reason:
            self._dismiss(str(reason), reason.ref)
        except Silent:
            self._dismiss(self._silence)
        except LineTooLong:
            self._dismiss("line_too_long")
        except (NotChat, OSError):
            pass
        finally:
            self._house.sequencer.submit(self._lost)
            self._house.sequencer.submit(self._house.fanout.release, self.outlet)

    def _serve(self) -> None:
        self._house.sequencer.submit(self._house.fanout.greet, self.outlet)
        dialect, wishes, budget = self._let_in()
        self._silence = "silent"
        self._inlet.wait_within(self._house.config.idle_timeout if dialect.pings else 0)
        size = dialect.first_read
        most = dialect.max_read if budget.unlimited else _MOST_READ
        while True:
            if budget.unlimited:
                self._submit(wishes)
            else:
                # JSON clients are refused what is too long.
                said = wishes if isinstance(dialect, Json) else as_said(wishes, self._house.config.max_text)
                self._submit_in_time(said, budget)
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

    def _let_in(self) -> tuple[Dialect, Sequence[Wish], Budget]:
        """Return how the client speaks, what it wants beyond being let in, and what it may ask for."""
        entrance = Entrance(self._inlet, self.outlet, self._house, self._guesses)  # not kept: it is memory
        dialect, chunk = entrance.find_dialect()
        return dialect, *entrance.let_in(dialect, chunk)

    def _submit(self, wishes: Sequence[Wish]) -> None:
        """Have the room do it."""
        for portion, size in portions(wishes):
            if isinstance(portion[0], Authenticate):
                ref = portion[0].ref
                self._guesses.attempt("moderators", self._house.room.handle, self.outlet, portion, ref=ref)
                continue
            self._house.sequencer.submit(self._house.room.handle, self.outlet, portion, size=size)
            if isinstance(portion[0], LENGTHY):
                self._inlet.pause(_BREATH)

    def _submit_in_time(self, wishes: Sequence[Wish], budget: Budget) -> None:
        """Have the room do of it what the client may ask for now, and the rest as time goes on."""
        if not wishes:  # to read what comes to nothing is work too
            while not budget.take(Kind.OTHER, [1]):
                self._inlet.pause(_STEP)
        elif budget.take_all(left := count(wishes)):
            self._submit(wishes)
        else:
            self._submit_piecemeal(wishes, left, budget)

    def _submit_piecemeal(self, wishes: Sequence[Wish], left: Counter[Kind], budget: Budget) -> None:
        """Wait for each of them in turn; `left` is what they all cost, and used up."""
        tell_after = _TOLD_ONCE
        for kind, run in groupby(wishes, kind_of):
            rest = list(run)
            costs = list(map(cost_of, rest))
            while rest:
                taken = budget.take(kind, costs)
                self._submit(rest[:taken])
                left[kind] -= sum(costs[:taken])
                del rest[:taken], costs[:taken]
                if not rest:
                    break
                if self._tell(budget.wait(left), tell_after):
                    tell_after = _TOLD_AGAIN
                self._inlet.pause(min(_STEP, budget.wait(Counter({kind: sum(costs)}))))

    def _tell(self, seconds: float, after: float) -> bool:
        """Tell the client how long it has to wait, if that is long and it was last told so long ago."""
        now = time.monotonic()
        if seconds < _WORTH_TELLING or now - self._told_at < after:
            return False
        self._told_at = now
        self._house.sequencer.submit(self._slow_down, round(seconds, 1))
        return True

    def _dismiss(self, reason: str, ref: str | None = None) -> None:
        """End the conversation, then read on for a while.

        To close a socket with bytes unread is to reset it, and a reset would overtake
        the goodbye. Fan-out breaks the connection off when its time is over.
        """
        self._house.sequencer.submit(self.part, reason, ref)
        with suppress(OSError, Silent):
            self._inlet.wait_within(0)
            while True:
                self._inlet.receive(4096)

    # --- work for the sequencer ------------------------------------------------------

    def part(self, bye: str, ref: str | None = None) -> Sequence[Outcome[Outlet]]:
        """Say goodbye to the client, wherever it is in its conversation."""
        outcomes = self._house.room.leave(self.outlet, for_good=False, bye=bye) or [
            Outcome(self.outlet, [Bye(bye)], (), Presence.LEAVES)
        ]
        return labelled(outcomes, self.outlet, ref)

    def _slow_down(self, seconds: float) -> Sequence[Outcome[Outlet]]:
        return [Outcome(self.outlet, [Throttled(seconds)])]

    def _lost(self) -> Sequence[Outcome[Outlet]]:
        """The client is gone without a word; whoever has left already is not concerned."""
        return self._house.room.leave(self.outlet, for_good=False)
