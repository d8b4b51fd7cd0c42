"""Fetches the older messages, which a server that began at a checkpoint lacks, from the other servers."""

import secrets
import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from chat_protocol.log_event import INFO, WARNING, log_event, log_often
from tcp_server.cluster.stream import Away, Stream
from tcp_server.log.history import NotFetched
from tcp_server.log.pieces import BadPiece, read_piece

_PIECE_BYTES: Final = 256 * 1024
"""About how many bytes of messages are fetched at a time: storing them takes the room some milliseconds."""

_WAIT: Final = 3.0
"""Longest time, in seconds, to wait for a piece; then another server is asked."""

_KEPT_SECONDS: Final = 30.0
"""How long a piece is left in Redis for who asked for it."""

_TRIES: Final = 100
_BEHIND_PAUSE: Final = 0.05
"""How often a piece is given to a log that has applied less than it has, and the seconds between."""

_PAUSE: Final = 1.0
"""Seconds to wait when nobody is there to ask, or Redis is away."""


class PieceRequest(msgspec.Struct, array_like=True, tag="piece"):
    """Asks one server for the messages before an id, to be left under a key."""

    run: bytes
    before: int
    key: str


_encode = msgspec.msgpack.Encoder().encode


class Filler:
    """Asks, in a thread of its own, and answers, in the thread that listens."""

    def __init__(  # noqa: PLR0913 - each is another part of the server
        self,
        stream: Stream,
        path: Path,
        *,
        missing: Callable[[], range],
        fill: Callable[[bytes], bool],
        runs: Callable[[], Sequence[bytes]],
        run: Callable[[], bytes],
    ) -> None:
        """`missing` and `fill` are those of the log, under the room lock.

        `run` is that of this server, `runs` are those of the others that are up.
        """
        self._stream = stream
        self._path = path
        self._missing = missing
        self._fill = fill
        self._runs = runs
        self._run_of_this = run
        self._is_closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="filler", daemon=True)

    def start(self) -> None:
        """Start the thread, which ends when nothing is missing. Once."""
        self._thread.start()

    def close(self) -> None:
        """End the thread, after `Stream.close`."""
        self._is_closed.set()
        self._thread.join()

    def answer(self, request: PieceRequest) -> None:
        """Leave the piece for who asks for it, if this server is asked and has it."""
        if request.run != self._run_of_this():
            return
        try:
            piece = read_piece(self._path, request.before, _PIECE_BYTES)
            self._stream.put(f"fill:{request.key}", piece, _KEPT_SECONDS)
        except NotFetched:
            log_often(WARNING, "no piece", reason="missing here too")
        except (sqlite3.Error, Away) as error:
            log_often(WARNING, "no piece", reason="error", error=str(error))

    def _run(self) -> None:
        turn = 0
        while (ids := self._missing()) and not self._is_closed.is_set():
            runs = self._runs()
            if not runs:
                self._is_closed.wait(_PAUSE)
                continue
            turn += 1
            try:
                if not self._fetch(runs[turn % len(runs)], ids.stop):
                    self._is_closed.wait(_PAUSE)
            except Away:
                self._is_closed.wait(_PAUSE)
        if turn and not ids:
            log_event(INFO, "history complete")

    def _fetch(self, run: bytes, before: int) -> bool:
        """Fetch the newest messages before an id from one server. Raises `Away`."""
        key = secrets.token_hex(8)
        self._stream.publish("ask", _encode(PieceRequest(run, before, key)))
        piece = self._stream.take(f"fill:{key}", _WAIT)
        if piece is None:
            return False
        try:
            for _ in range(_TRIES):
                if self._fill(piece):
                    return True
                self._is_closed.wait(_BEHIND_PAUSE)  # the other server has applied more
        except BadPiece as error:
            log_often(WARNING, "no piece", reason="bad", error=str(error))
        return False
