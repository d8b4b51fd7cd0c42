"""A fake room that sends whatever a test wants, valid or not, to one browser after another."""

import json
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from chat_protocol.address import Address
from chat_protocol.contract import PROMPT

Line = dict[str, Any]
Answers = Callable[[Line], Sequence[Line]]


class UncheckedRoom:
    """Answers each line of a client with the lines that `answers` returns for it.

    All but ASCII is escaped in JSON, so that lone surrogates can be sent too.
    """

    def __init__(self, answers: Answers) -> None:
        self._answers = answers  # called in this object's thread only
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = Address(*self._listener.getsockname())
        self._thread = threading.Thread(target=self._serve, name="unchecked room")
        self._lock = threading.Lock()  # guards the two below
        self._client: socket.socket | None = None
        self._closing = False

    def _serve(self) -> None:
        while True:
            with suppress(OSError):
                client = self._listener.accept()[0]
                with self._lock:
                    self._client = client
                    closing = self._closing
                if not closing:
                    self._serve_one(client)
                client.close()
            with self._lock:
                if self._closing:
                    return

    def _serve_one(self, client: socket.socket) -> None:
        client.sendall(PROMPT)
        with client.makefile("rb") as lines:
            for line in lines:
                for answer in self._answers(json.loads(line)):
                    client.sendall(json.dumps(answer).encode() + b"\n")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._closing = True
            if self._client is not None:
                with suppress(OSError):
                    self._client.shutdown(socket.SHUT_RDWR)
        # Wakes the thread if it waits in `accept`.
        with suppress(OSError):
            socket.create_connection(self.address, 1.0).close()
        self._thread.join(10.0)
        self._listener.close()
