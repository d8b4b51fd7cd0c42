"""A TLS front of the test's own: what it hears inside of TLS it says to a plain room, and back."""

import select
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from chat_protocol.address import Address
from tests.support.certificates import Certificate

_HELD = 256 * 1024  # bytes a direction may hold before its source is no longer read


class TlsFront:
    """Accepts TLS and carries bytes to and from `room`. Use `tls_front` to start one."""

    def __init__(self, certificate: Certificate, room: Address, newest: ssl.TLSVersion) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.maximum_version = newest
        self._context.load_cert_chain(certificate.public, certificate.key)
        self._context.sni_callback = lambda _, name, __: self.names.append(name)
        self._room = room
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = Address(*self._listener.getsockname())
        self.names: list[str | None] = []
        """The host names clients asked for (SNI); appended to by the handshakes' threads."""
        self.cut = threading.Event()
        """Set, it breaks all connections at once, without a TLS goodbye."""
        self._threads = [threading.Thread(target=self._accept, name="tls front")]
        self._threads[0].start()

    def close(self) -> None:
        """Stop, connections and all."""
        self.cut.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(sock,), name="tls session")
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket) -> None:
        sock.settimeout(10)
        try:
            client = self._context.wrap_socket(sock, server_side=True)
        except OSError:
            sock.close()
            return
        with client, suppress(OSError), socket.create_connection(self._room, 10) as room:
            client.setblocking(False)
            room.setblocking(False)
            self._carry(client, room)

    def _carry(self, client: ssl.SSLSocket, room: socket.socket) -> None:
        to_room, to_client = bytearray(), bytearray()
        while not self.cut.is_set():
            reading = [s for s, held in ((client, to_room), (room, to_client)) if len(held) < _HELD]
            writing = [s for s, held in ((room, to_room), (client, to_client)) if held]
            wait = 0.0 if client.pending() else 0.05
            readable, writable, _ = select.select(reading, writing, [], wait)
            if client in reading and (client in readable or client.pending()) and not _take(client, to_room):
                return
            if room in readable and not _take(room, to_client):
                while to_client:
                    select.select([], [client], [], 10)
                    _give(client, to_client)
                client.setblocking(True)
                client.settimeout(5)
                client.unwrap()
                return
            if room in writable:
                _give(room, to_room)
            if client in writable:
                _give(client, to_client)


def _take(source: socket.socket, held: bytearray) -> bool:
    """Read what there is; False at the end."""
    try:
        chunk = source.recv(65536)
    except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
        return True
    held += chunk
    return bool(chunk)


def _give(target: socket.socket, held: bytearray) -> None:
    with suppress(ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
        # OpenSSL wants to be given the same bytes again after it could not write them.
        del held[: target.send(bytes(held[:16384]))]


@contextmanager
def tls_front(
    certificate: Certificate, room: Address, newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
) -> Iterator[TlsFront]:
    """Serve TLS in front of `room` until the block ends."""
    front = TlsFront(certificate, room, newest)
    try:
        yield front
    finally:
        front.close()
