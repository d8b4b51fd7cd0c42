"""The errors this package raises."""


class ProtocolError(Exception):
    """Base class of the errors of this package."""


class BadMessage(ProtocolError):
    """A line that cannot be read as a message.

    `code` is an error code of the protocol (`bad_json`, `unknown_type`, `bad_field`,
    `bad_utf8`); `ref` is the `ref` of the line if that could be read.
    """

    def __init__(self, code: str, text: str, ref: str | None = None) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.ref = ref


class LineTooLong(ProtocolError):
    """A line is longer than the limit; the rest of the stream cannot be read."""


class BadAddress(ProtocolError, ValueError):
    """Text that is not HOST[:PORT]."""


class BadTls(ProtocolError, ValueError):
    """A file without certificates, or text that is not a SHA-256 fingerprint."""


class CannotListen(ProtocolError, OSError):
    """A server cannot listen on its address; the text says why."""


class ConnectionFailed(ProtocolError, OSError):
    """The room cannot be reached, or the connection to it is lost."""


class RoomFull(ConnectionFailed):
    """The room accepts no more connections at the moment."""


class Banned(ConnectionFailed):
    """The room has banned our address."""


class TlsFailed(ConnectionFailed):
    """The TLS handshake failed.

    `code` is `not_tls`, `untrusted`, `expired`, `not_yet_valid`, `wrong_host`, `wrong_pin`,
    or `tls` for any other reason.
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class NoPrompt(ConnectionFailed):
    """The server has accepted the connection, but sent nothing in time."""


class NotARoom(ConnectionFailed):
    """The server did not begin with the prompt of a room."""
