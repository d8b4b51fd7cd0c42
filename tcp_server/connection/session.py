"""One client's thread: let it in, read what it says, pass that on, no faster than it may."""

import socket
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from itertools import groupby

from chat_protocol.errors import BadMessage, LineTooLong
from chat_protocol.messages import Authenticate, Bye, Throttled
from chat_protocol.read_size import next_read_size
from tcp_server.connection.handshake import Handshake, Services
from tcp_server.connection.password_attempts import Disconnect, PasswordAttempts
from tcp_server.connection.reader import Reader, Silent
from tcp_server.connection.work_items import LARGE_ANSWER, split_long_texts, work_items
from tcp_server.connection.writer import Writer
from tcp_server.dialects.dialect import Dialect, Json, NotChat
from tcp_server.room.commands import Request
from tcp_server.room.outcome import Outcome, Presence, labelled
from tcp_server.room.rates import Budget, Kind, cost_of, count, kind_of

_MAX_READ = 4096
"""Bytes to read at a time from a client that may be made to wait: what is read lies in our memory."""

_YIELD = 0.005
"""Seconds that a client waits behind what takes long: others are to have their turn meanwhile."""

_MAX_PAUSE = 0.25
"""Seconds that a client which is too fast waits at a time, while several more messages are to wait for."""

_MIN_NOTICED_WAIT = 0.5
"""Seconds of waiting of which a client is told."""

_NOTICE_INTERVAL = 1.0
_REPEAT_NOTICE_INTERVAL = 10.0
"""Seconds between two times it is told; the longer ones while what was read at once goes on waiting."""


class Session:
    """The life of one connection; `run` is its thread.

    The thread only ever waits for bytes of its own client, for its turn with the room, or
    because the client is too fast. It writes to nobody, not even to its own client: fan-out does.
    """

    __slots__ = ("_notified_at", "_password_attempts", "_reader", "_services", "_timeout_reason", "writer")

    def __init__(self, sock: socket.socket, host: str, services: Services) -> None:
        """`host` is the plain address of whoever is connected; a trusted one may name another."""
        self.writer = Writer(sock, host)
        self._reader = Reader(sock)
        self._services = services
        self._password_attempts = PasswordAttempts(
            self._reader, self.writer, services.admission, services.sequencer
        )
        self._timeout_reason = "late"  # why it is dismissed when nothing is heard of it
        self._notified_at = -_NOTICE_INTERVAL  # when it last heard that it is too fast

    def run(self) -> None:
        """Serve the client until it is gone; never raises for anything it does."""
        try:
            self._serve()
        except Disconnect as reason:
            self._disconnect(str(reason), reason.ref)
        except Silent:
            self._disconnect(self._timeout_reason)
        except LineTooLong:
            self._disconnect("line_too_long")
        except (NotChat, OSError):
            pass
        finally:
            self._services.sequencer.submit(self._on_disconnect)
            self._services.sequencer.submit(self._services.fanout.release, self.writer)

    def _serve(self) -> None:
        self._services.sequencer.submit(self._services.fanout.send_prompt, self.writer)
        dialect, requests, budget = self._shake_hands()
        self._timeout_reason = "silent"
        self._reader.wait_within(self._services.config.idle_timeout if dialect.pings else 0)
        size = dialect.first_read
        most = dialect.max_read if budget.unlimited else _MAX_READ
        while True:
            if budget.unlimited:
                self._submit(requests)
            else:
                # JSON clients are refused what is too long.
                requests = (
                    requests
                    if isinstance(dialect, Json)
                    else split_long_texts(requests, self._services.config.max_text)
                )
                self._submit_within_budget(requests, budget)
            if requests and isinstance(requests[-1], BadMessage):  # nonsense takes long to read
                size = dialect.first_read
                self._reader.pause(_YIELD)
            chunk = self._reader.receive(size)
            size = next_read_size(size, len(chunk), dialect.first_read, most)
            requests = dialect.read(chunk)

    def _shake_hands(self) -> tuple[Dialect, Sequence[Request], Budget]:
        """Return how the client speaks, what it wants beyond being let in, and what it may ask for."""
        handshake = Handshake(
            self._reader, self.writer, self._services, self._password_attempts
        )  # not kept: it is memory
        dialect, chunk = handshake.find_dialect()
        return dialect, *handshake.join(dialect, chunk)

    def _submit(self, requests: Sequence[Request]) -> None:
        """Have the room do it."""
        for item, size in work_items(requests):
            if isinstance(item[0], Authenticate):
                ref = item[0].ref
                self._password_attempts.attempt(
                    "moderators", self._services.room.handle, self.writer, item, ref=ref
                )
                continue
            self._services.sequencer.submit(self._services.room.handle, self.writer, item, size=size)
            if isinstance(item[0], LARGE_ANSWER):
                self._reader.pause(_YIELD)

    def _submit_within_budget(self, requests: Sequence[Request], budget: Budget) -> None:
        """Have the room do of it what the client may ask for now, and the rest as time goes on."""
        if not requests:  # to read what comes to nothing is work too
            while not budget.take_some(Kind.OTHER, [1]):
                self._reader.pause(_MAX_PAUSE)
        elif budget.take_all(left := count(requests)):
            self._submit(requests)
        else:
            self._submit_piecemeal(requests, left, budget)

    def _submit_piecemeal(self, requests: Sequence[Request], left: Counter[Kind], budget: Budget) -> None:
        """Wait for each of them in turn; `left` is what they all cost, and used up."""
        interval = _NOTICE_INTERVAL
        for kind, run in groupby(requests, kind_of):
            rest = list(run)
            costs = list(map(cost_of, rest))
            while rest:
                taken = budget.take_some(kind, costs)
                self._submit(rest[:taken])
                left[kind] -= sum(costs[:taken])
                del rest[:taken], costs[:taken]
                if not rest:
                    break
                if self._notify_throttled(budget.wait(left), interval):
                    interval = _REPEAT_NOTICE_INTERVAL
                self._reader.pause(min(_MAX_PAUSE, budget.wait(Counter({kind: sum(costs)}))))

    def _notify_throttled(self, seconds: float, after: float) -> bool:
        """Tell the client how long it has to wait, if that is long and it was last told so long ago."""
        now = time.monotonic()
        if seconds < _MIN_NOTICED_WAIT or now - self._notified_at < after:
            return False
        self._notified_at = now
        self._services.sequencer.submit(self._throttled, round(seconds, 1))
        return True

    def _disconnect(self, reason: str, ref: str | None = None) -> None:
        """End the conversation, then read on for a while.

        To close a socket with bytes unread is to reset it, and a reset would overtake
        the goodbye. Fan-out breaks the connection off when its time is over.
        """
        self._services.sequencer.submit(self.say_bye, reason, ref)
        with suppress(OSError, Silent):
            self._reader.wait_within(0)
            while True:
                self._reader.receive(4096)

    # --- work for the sequencer ------------------------------------------------------

    def say_bye(self, bye: str, ref: str | None = None) -> Sequence[Outcome[Writer]]:
        """Say goodbye to the client, wherever it is in its conversation."""
        outcomes = self._services.room.leave(self.writer, for_good=False, bye=bye) or [
            Outcome(self.writer, [Bye(bye)], (), Presence.LEAVES)
        ]
        return labelled(outcomes, self.writer, ref)

    def _throttled(self, seconds: float) -> Sequence[Outcome[Writer]]:
        return [Outcome(self.writer, [Throttled(seconds)])]

    def _on_disconnect(self) -> Sequence[Outcome[Writer]]:
        """The client is gone without a word; whoever has left already is not concerned."""
        return self._services.room.leave(self.writer, for_good=False)
