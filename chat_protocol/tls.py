"""TLS on a client's connection, safe for a thread that reads beside one that writes.

OpenSSL's connection objects are not thread-safe, and Python's `SSLSocket` waits for the
network inside of them without the interpreter's lock. So the cipher works on memory only,
under a lock of ours, and the waiting is done on the plain socket outside of that lock.
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
_HELLO_ANSWERS: Final = (0x15, 0x16)  # what a TLS server's first record is: an alert or a handshake
_MOST_UNSENT: Final = 64 * 1024  # bytes the cipher may want to answer with before the next send

# OpenSSL's X509_V_ERR_* that have a sentence of their own; the rest is "untrusted".
_REASONS: Final = {9: "not_yet_valid", 10: "expired", 62: "wrong_host", 64: "wrong_host"}


class Tls:
    """What must be proved to us about the other end, as a setting for `Connection.open`.

    `ca` is a PEM file of the authorities (or self-signed certificates) to trust instead of
    the system's; `pin` the SHA-256 of the one certificate to accept, in hex, colons allowed, or
    the whole line that `openssl x509 -fingerprint -sha256` prints.
    With a pin and no `ca` nothing but the pin counts. Raises `BadTls`. Any thread.
    """

    def __init__(self, ca: str = "", pin: str = "") -> None:
        self._pin = pin.rpartition("=")[2].replace(":", "").replace(" ", "").lower()
        if pin and not _FINGERPRINT.fullmatch(self._pin):
            raise BadTls(f"not a SHA-256 fingerprint: {pin!r}")
        try:
            self._context = ssl.create_default_context(cafile=ca or None)
        except OSError as error:  # `ssl.SSLError` is one
            raise BadTls(f"no certificates in {ca!r}: {error}") from error
        self._context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._context.hostname_checks_common_name = False
        self._context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        # A renegotiation would make a write wait for a read.
        self._context.options |= ssl.OP_NO_RENEGOTIATION
        if pin and not ca:
            self._context.check_hostname = False
            self._context.verify_mode = ssl.CERT_NONE

    def secure(self, sock: socket.socket, address: Address, deadline: float) -> "TlsStream":
        """Shake hands over a connected socket until `deadline` (monotonic).

        Raises `TlsFailed`, or `OSError` as the socket does.
        """
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        try:
            cipher = self._context.wrap_bio(incoming, outgoing, server_hostname=address.host)
        except ValueError as error:  # a host that no certificate can name
            raise TlsFailed("wrong_host", f"{address} cannot be checked: {error}") from error
        stream = TlsStream(sock, cipher, incoming, outgoing)
        try:
            stream.shake_hands(deadline)
        except ssl.SSLError as error:
            raise _explained(error, address) from error
        if self._pin and not hmac.compare_digest(stream.fingerprint(), self._pin):
            stream.say_goodbye()
            raise TlsFailed("wrong_pin", f"{address} shows another certificate than the pinned one")
        return stream


class TlsStream:
    """The bytes inside of TLS: what `Connection` needs of a socket.

    One thread may `recv` while others `sendall`; timeouts are the socket's.
    """

    def __init__(
        self, sock: socket.socket, cipher: ssl.SSLObject, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO
    ) -> None:
        self._socket = sock
        self._lock = threading.Lock()  # guards the next three; never held across a wait
        self._cipher = cipher
        self._incoming = incoming
        self._outgoing = outgoing
        self._sending = threading.Lock()  # held by whoever writes to the socket: records stay in order

    def recv(self, size: int) -> bytes:
        """Wait for at most `size` bytes; empty once the other end has said that it ends.

        Raises `ssl.SSLError` where it is cut off instead, `TimeoutError` at the latest after
        twice the socket's timeout.
        """
        timeout = self._socket.gettimeout()
        deadline = None if timeout is None else monotonic() + timeout
        while (plain := self._opened(size)) is None:
            if deadline is not None and monotonic() > deadline:
                raise TimeoutError("timed out")
            self._feed(self._socket.recv(65536))
        return plain

    def sendall(self, data: bytes) -> None:
        """Send all of it. Raises as the socket's."""
        with self._sending:
            rest = memoryview(data)
            while rest:
                with self._lock:
                    rest = rest[self._cipher.write(rest) :]
                    sealed = self._outgoing.read()
                self._socket.sendall(sealed)

    def settimeout(self, seconds: float | None) -> None:
        """Set how long each wait for the network may last."""
        self._socket.settimeout(seconds)

    def shutdown(self, how: int) -> None:
        """End the connection properly, and wake whoever waits in `recv`."""
        self.say_goodbye()
        self._socket.shutdown(how)

    def shake_hands(self, deadline: float) -> None:
        """Agree on keys before anything else. Raises `TlsFailed`, `ssl.SSLError`, `OSError`."""
        heard = False
        while not self._shaken(deadline):
            chunk = self._socket.recv(65536)
            if chunk and not heard and chunk[0] not in _HELLO_ANSWERS:
                raise TlsFailed("not_tls", "what answers does not speak TLS")
            heard = True
            self._feed(chunk)
            if monotonic() > deadline:
                raise TimeoutError("timed out")

    def _shaken(self, deadline: float) -> bool:
        """Go on with the handshake as far as is received; say whether it is complete."""
        try:
            self._cipher.do_handshake()
            complete = True
        except ssl.SSLWantReadError:
            complete = False
        except ssl.SSLError:
            self.say_goodbye()  # with the reason, as an alert
            raise
        self._socket.settimeout(max(0.001, deadline - monotonic()))
        self._socket.sendall(self._outgoing.read())
        return complete

    def fingerprint(self) -> str:
        """Return the SHA-256 of the other end's certificate in small hex digits."""
        with self._lock:
            certificate = self._cipher.getpeercert(binary_form=True)
        return hashlib.sha256(certificate or b"").hexdigest()

    def say_goodbye(self) -> None:
        """Tell the other end that nothing more comes, if that needs no waiting."""
        if not self._sending.acquire(blocking=False):
            return
        try:
            with self._lock:
                with suppress(OSError):  # it wants to wait for the other's goodbye, or is broken
                    self._cipher.unwrap()
                sealed = self._outgoing.read()
            with suppress(OSError, ValueError):
                if sealed and select.select([], [self._socket], [], 0)[1]:
                    self._socket.send(sealed)
        finally:
            self._sending.release()

    def _opened(self, size: int) -> bytes | None:
        """Return what of the received can be read by now; None if that needs more."""
        with self._lock:
            try:
                return self._cipher.read(size)
            except ssl.SSLWantReadError:
                # New keys are to be confirmed before the next data of ours, so they wait for that.
                if self._outgoing.pending > _MOST_UNSENT:
                    raise ssl.SSLError("the other end changes keys without end") from None
                return None
            except ssl.SSLZeroReturnError:
                return b""

    def _feed(self, chunk: bytes) -> None:
        with self._lock:
            if chunk:
                self._incoming.write(chunk)
            else:
                self._incoming.write_eof()


def _explained(error: ssl.SSLError, address: Address) -> TlsFailed:
    """Put a failed handshake into a word of `TlsFailed.code`."""
    if isinstance(error, ssl.SSLCertVerificationError):
        code = _REASONS.get(error.verify_code, "untrusted")
        return TlsFailed(code, f"{address} cannot be trusted: {error.verify_message}")
    return TlsFailed("tls", f"no TLS with {address}: {error.reason or error}")
