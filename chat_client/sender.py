"""The thread that writes to one connection."""

import queue
import threading
from typing import Self

from chat_protocol.connection import Connection
from chat_protocol.contract import PING_INTERVAL
from chat_protocol.errors import ConnectionFailed
from chat_protocol.messages import Command, Ping


class Sender:
    """Writes commands to a connection in its own thread, and pings when there are none.

    `put` never blocks, so a frontend need not wait for the network. If the connection fails,
    the thread closes it; that wakes the reading thread, which reports it.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._queue: queue.SimpleQueue[Command | None] = queue.SimpleQueue()  # None ends the thread
        self._thread = threading.Thread(target=self._run, name="sender", daemon=True)
        self._thread.start()

    def put(self, command: Command) -> None:
        """Send `command` after all commands put before. Any thread."""
        self._queue.put(command)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._queue.put(None)
        self._connection.close()
        self._thread.join(timeout=1.0)

    def _run(self) -> None:
        try:
            while command := self._next():
                self._connection.send(command)
        except ConnectionFailed:
            self._connection.close()

    def _next(self) -> Command | None:
        try:
            return self._queue.get(timeout=PING_INTERVAL)
        except queue.Empty:
            return Ping()
