"""Everything this package raises.

ProtocolError
├── BadMessage         a line that is no message of ours
├── LineTooLong        a line beyond the hard maximum
├── BadAddress         text that is not HOST[:PORT]
├── BadTls             a certificate file or fingerprint that is none
└── ConnectionFailed   the other end cannot be reached, or is gone
    ├── RoomFull       the room takes nobody more at the moment
    ├── Banned         the room keeps this address out
    ├── TlsFailed      it could not prove who it is, or does not speak TLS
    └── NotARoom       something answers there, but it is not a room
"""


class ProtocolError(Exception):
    """Base of all errors of the wire."""


class BadMessage(ProtocolError):
    """A line that cannot be read as a message.

    `code` is a word of the protocol (`bad_json`, `unknown_type`, `bad_field`,
    `bad_utf8`); `ref` is the client's key for it, where it could still be read.
    """

    def __init__(self, code: str, text: str, ref: str | None = None) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.ref = ref


class LineTooLong(ProtocolError):
    """A line went on beyond the hard maximum; the stream cannot be trusted further."""


class BadAddress(ProtocolError, ValueError):
    """Text that names no host and port."""


class BadTls(ProtocolError, ValueError):
    """A file without certificates, or text that is no fingerprint."""


class ConnectionFailed(ProtocolError, OSError):
    """The room cannot be reached, or the connection to it is lost."""


class RoomFull(ConnectionFailed):
    """The room is there and takes nobody more at the moment."""


class Banned(ConnectionFailed):
    """The room keeps our address out."""


class TlsFailed(ConnectionFailed):
    """There is no secure connection to who we wanted.

    `code` is `not_tls`, `untrusted`, `expired`, `not_yet_valid`, `wrong_host`, `wrong_pin`,
    or `tls` for all else.
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class NotARoom(ConnectionFailed):
    """What answered did not greet the way a room does."""
