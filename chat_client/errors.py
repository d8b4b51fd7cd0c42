"""The errors that `Client` raises."""


class ChatError(Exception):
    """Base class of the errors of this package."""


class Refused(ChatError):
    """The room has refused a message or a request; the conversation goes on.

    `code` is an error code of docs/protocol.md (`too_long`, `muted`, …), `detail` the room's explanation;
    `seconds` is for how long it will refuse, None if not known.
    """

    def __init__(self, code: str, detail: str, seconds: float | None = None) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.seconds = seconds


class ConversationEnded(ChatError):
    """The conversation has ended for good, and there are no more attempts.

    `reason` is as in `Status` (`kicked`, `banned`, `untrusted`, …), `left` after `Client.close`, or the code
    with which the name or the password was refused (`name_taken`, `password_wrong`, …). `seconds` is for how
    long we are banned, 0 if not known.
    """

    def __init__(self, reason: str, seconds: float = 0.0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.seconds = seconds


class InternalError(ChatError):
    """An unexpected error in this package: `__cause__` is the exception that was raised."""


class Disconnected(ChatError):
    """The connection was lost before the room has answered a request, or there was none."""
