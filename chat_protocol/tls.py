"""TLS on a client's connection that one thread may read while others write.

OpenSSL's connection objects are not thread-safe, and Python's `SSLSocket` calls them
without the GIL. So OpenSSL works on memory buffers only (`ssl.MemoryBIO`), under our
lock, and threads wait on the plain socket outside of that lock.
"""

import hashlib
import hmac
import re
import select
import socket
import ssl
import threading
from contextlib import suppress
from time import monotonic
from typing import Final

from chat_protocol.address import Address
from chat_protocol.errors import BadTls, TlsFailed

_FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}")
_FIRST_RECORD_TYPES: Final = (0x15, 0x16)  # of a TLS server's answer: alert, handshake (RFC 8446, 5.1)
_MAX_UNSENT: Final = 64 * 1024  # bytes of TLS answers (key updates) that may wait for the next `sendall`

# OpenSSL's X509_V_ERR_* that have their own code; the others are "untrusted".
_REASONS: Final = {9: "not_yet_valid", 10: "expired", 62: "wrong_host", 64: "wrong_host"}


class Tls:
    """TLS settings for `Connection.open`: how the server's certificate is checked. Any thread.

    `ca` is a PEM file of authorities (or self-signed certificates) to trust instead of the
    system's; `pin` the SHA-256 fingerprint of the only certificate to accept, in hex with or
    without colons, or the line that `openssl x509 -fingerprint -sha256` prints. With a pin
    and no `ca` only the pin is checked. Raises `BadTls`.
    """

    def __init__(self, ca: str = "", pin: str = "") -> None:
        self.pin = pin.rpartition("=")[2].replace(":", "").replace(" ", "").lower()
        if pin and not _FINGERPRINT.fullmatch(self.pin):
            raise BadTls(f"not a SHA-256 fingerprint: {pin!r}")
        try:
            self._context = ssl.create_default_context(cafile=ca or None)
        except OSError as error:  # `ssl.SSLError` is one
            raise BadTls(f"no certificates in {ca!r}: {error}") from error
        self._context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._context.hostname_checks_common_name = False
        self._context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        # A renegotiation (TLS 1.2) would make a write wait for a read.
        self._context.options |= ssl.OP_NO_RENEGOTIATION
        if pin and not ca:
            self._context.check_hostname = False
            self._context.verify_mode = ssl.CERT_NONE

    def secure(self, sock: socket.socket, address: Address, deadline: float) -> "TlsStream":
        """Do the TLS handshake on a connected socket until `deadline` (monotonic).

        Raises `TlsFailed`, or `OSError` from the socket.
        """
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        try:
            cipher = self._context.wrap_bio(incoming, outgoing, server_hostname=address.host)
        except ValueError as error:  # a host that cannot be in a certificate
            raise TlsFailed("wrong_host", f"{address} cannot be checked: {error}") from error
        stream = TlsStream(sock, cipher, incoming, outgoing)
        try:
            stream.do_handshake(deadline)
        except ssl.SSLError as error:
            raise _tls_failed(error, address) from error
        if self.pin and not hmac.compare_digest(stream.fingerprint(), self.pin):
            stream.send_close_notify()
            raise TlsFailed("wrong_pin", f"{address} has another certificate than the pinned one")
        return stream


class TlsStream:
    """The socket methods that `Connection` needs, over TLS.

    One thread may `recv` while others `sendall`. Timeouts are those of the socket.
    """

    def __init__(
        self, sock: socket.socket, cipher: ssl.SSLObject, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO
    ) -> None:
        self._socket = sock
        self._lock = threading.Lock()  # guards the next three; never held while waiting
        self._cipher = cipher
        self._incoming = incoming
        self._outgoing = outgoing
        self._sending = threading.Lock()  # held for each write to the socket: keeps TLS records in order

    def recv(self, size: int) -> bytes:
        """Wait for at most `size` bytes; empty after the peer's close_notify.

        Raises `ssl.SSLError` if the stream ends without one, `TimeoutError` after at most
        twice the socket's timeout.
        """
        timeout = self._socket.gettimeout()
        deadline = None if timeout is None else monotonic() + timeout
        while (plain := self._decrypt(size)) is None:
            if deadline is not None and monotonic() > deadline:
                raise TimeoutError("timed out")
            self._feed(self._socket.recv(65536))
        return plain

    def sendall(self, data: bytes) -> None:
        """Send all of `data`. Raises as `socket.sendall`."""
        with self._sending:
            rest = memoryview(data)
            while rest:
                with self._lock:
                    rest = rest[self._cipher.write(rest) :]
                    encrypted = self._outgoing.read()
                self._socket.sendall(encrypted)

    def settimeout(self, seconds: float | None) -> None:
        """Set how long each wait for the network may last (None: no limit)."""
        self._socket.settimeout(seconds)

    def shutdown(self, how: int) -> None:
        """Send close_notify and shut the socket down, which wakes a blocked `recv`."""
        self.send_close_notify()
        self._socket.shutdown(how)

    def do_handshake(self, deadline: float) -> None:
        """Do the handshake until `deadline` (monotonic). Raises `TlsFailed`, `ssl.SSLError`, `OSError`."""
        first = True
        while not self._advance_handshake(deadline):
            chunk = self._socket.recv(65536)
            if chunk and first and chunk[0] not in _FIRST_RECORD_TYPES:
                raise TlsFailed("not_tls", "the server does not use TLS")
            first = False
            self._feed(chunk)
            if monotonic() > deadline:
                raise TimeoutError("timed out")

    def _advance_handshake(self, deadline: float) -> bool:
        """Continue the handshake with what was received; return whether it is complete."""
        try:
            self._cipher.do_handshake()
            complete = True
        except ssl.SSLWantReadError:
            complete = False
        except ssl.SSLError:
            self.send_close_notify()  # sends the alert with the reason
            raise
        self._socket.settimeout(max(0.001, deadline - monotonic()))
        self._socket.sendall(self._outgoing.read())
        return complete

    def fingerprint(self) -> str:
        """Return the SHA-256 of the server's certificate as lowercase hex digits."""
        with self._lock:
            certificate = self._cipher.getpeercert(binary_form=True)
        return hashlib.sha256(certificate or b"").hexdigest()

    def send_close_notify(self) -> None:
        """Send close_notify (RFC 8446, section 6.1), unless that would block."""
        if not self._sending.acquire(blocking=False):
            return
        try:
            with self._lock:
                with suppress(OSError):  # it wants to read the peer's close_notify, or the stream is broken
                    self._cipher.unwrap()
                encrypted = self._outgoing.read()
            with suppress(OSError, ValueError):
                if encrypted and select.select([], [self._socket], [], 0)[1]:
                    self._socket.send(encrypted)
        finally:
            self._sending.release()

    def _decrypt(self, size: int) -> bytes | None:
        """Return up to `size` decrypted bytes, empty after close_notify; None if more input is needed."""
        with self._lock:
            try:
                return self._cipher.read(size)
            except ssl.SSLWantReadError:
                # Answers to key updates are sent with the next `sendall` (RFC 8446, section 4.6.3).
                if self._outgoing.pending > _MAX_UNSENT:
                    raise ssl.SSLError("too many key updates") from None
                return None
            except ssl.SSLZeroReturnError:
                return b""

    def _feed(self, chunk: bytes) -> None:
        with self._lock:
            if chunk:
                self._incoming.write(chunk)
            else:
                self._incoming.write_eof()


def _tls_failed(error: ssl.SSLError, address: Address) -> TlsFailed:
    """Return the `TlsFailed` with the code for a failed handshake."""
    if isinstance(error, ssl.SSLCertVerificationError):
        code = _REASONS.get(error.verify_code, "untrusted")
        return TlsFailed(code, f"{address} cannot be trusted: {error.verify_message}")
    return TlsFailed("tls", f"no TLS with {address}: {error.reason or error}")
