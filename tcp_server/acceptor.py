"""Accepts connections, or refuses them, also when the system has no resources for one more."""

import errno
import os
import selectors
import socket
import time
from collections.abc import Callable
from contextlib import suppress

from chat_protocol.address import Address
from chat_protocol.connection import set_tcp_options
from chat_protocol.contract import BANNED, FULL
from chat_protocol.ip import parse_ip
from chat_protocol.listener import listen_on_all
from chat_protocol.log_event import WARNING, log_often
from tcp_server.config import Config
from tcp_server.connection.admission import Admission, Refusal

_SEND_BUFFER = 256 * 1024
"""Bytes that the kernel may queue for one client. By default it grows the buffer to megabytes and
reports it writable only in large steps, so that a healthy reader would look slow."""

_MOST_WAITING = 4096
"""Connections that are accepted at the end: no more are waiting, unless somebody comes all the time."""

_REFUSALS: dict[Refusal, bytes] = {"full": FULL, "banned": BANNED}

_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
"""What `accept` fails with when the system has no resources for one more connection."""


class Acceptor:
    """The listening sockets. Main thread."""

    def __init__(self, config: Config) -> None:
        """Bind and listen. Raises `OSError` if an address cannot be bound."""
        self._listeners = listen_on_all(config.host, config.port)
        for listener in self._listeners:
            listener.setblocking(False)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)  # inherited
        self.addresses = [Address(*listener.getsockname()[:2]) for listener in self._listeners]
        """The addresses we listen on; with the real port if the setting is 0."""
        # Closed for a moment when descriptors run out, so that a connection can be accepted and refused.
        self._spare_fd: int | None = os.open(os.devnull, os.O_RDONLY)

    def register(self, selector: selectors.BaseSelector) -> None:
        """Have the selector wait for connections; the data of a key is what `accept` takes."""
        for listener in self._listeners:
            selector.register(listener, selectors.EVENT_READ, listener)

    def unregister(self, selector: selectors.BaseSelector) -> None:
        """Have the selector wait for them no longer. Before `close`."""
        for listener in self._listeners:
            selector.unregister(listener)

    def accept_waiting(self, admission: Admission, start: Callable[[socket.socket, str, int], None]) -> None:
        """Accept all connections that the kernel has established; as `accept`.

        Before `close`, which would reset them: who has just connected is told why there is no room.
        """
        for listener in self._listeners:
            for _ in range(_MOST_WAITING):
                if not self.accept(listener, admission, start):
                    break

    def accept(
        self, listener: socket.socket, admission: Admission, start: Callable[[socket.socket, str, int], None]
    ) -> bool:
        """Accept a connection, and `start` what serves it, with its socket and the peer's host and port.

        Returns False if there was none. `start` raises `OSError`, `RuntimeError` or `MemoryError` if there is
        no thread for it.
        """
        try:
            sock, (host, port, *_) = listener.accept()
        except OSError as error:
            # All other errors mean that the client has closed the connection.
            if error.errno in _EXHAUSTED:
                log_often(WARNING, "refused", reason="descriptors", error=error.strerror)
                self._reject_one(listener)
            return not isinstance(error, BlockingIOError)
        host = str(parse_ip(host) or host)
        if refusal := admission.enter(host):
            _refuse(sock, _REFUSALS[refusal])
            return True
        try:
            set_tcp_options(sock)
            start(sock, host, port)
        except (OSError, RuntimeError, MemoryError) as error:
            admission.leave(host)
            _refuse(sock, FULL)
            log_often(WARNING, "refused", reason="resources", error=error, address=host)
        return True

    def _reject_one(self, listener: socket.socket) -> None:
        """Accept and refuse one connection when descriptors run out: `select` would spin on a full queue."""
        self._close_spare()
        try:
            _refuse(listener.accept()[0], FULL)
        except OSError:
            time.sleep(0.05)  # another thread took the descriptor: wait until some are free
        finally:
            with suppress(OSError):
                self._spare_fd = os.open(os.devnull, os.O_RDONLY)

    def close(self) -> None:
        """Stop listening; may be called again."""
        for listener in self._listeners:
            listener.close()
        self._listeners.clear()
        self._close_spare()

    def _close_spare(self) -> None:
        if self._spare_fd is not None:
            os.close(self._spare_fd)
        self._spare_fd = None  # its number may be reused by a connection


def _refuse(sock: socket.socket, reason: bytes) -> None:
    """Close a connection that has no thread; send the reason if that does not block."""
    with suppress(OSError):
        sock.send(reason, socket.MSG_DONTWAIT)
    sock.close()
