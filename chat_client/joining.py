"""As whom we join, and what is done about a refused name.

Not thread-safe: the lock of `Chat` guards it.
"""

import os
import time
from enum import Enum, auto
from typing import Final

from chat_client.identity import Identity
from chat_protocol.contract import MAX_PASSWORD
from chat_protocol.messages import Join, Position, Welcome

NAME_TAKEN: Final = "name_taken"
"""The end reason of a connection whose name is taken, and will be tried again."""

NAME_PATIENCE: Final = 30.0
"""Seconds for which a taken name is tried again: longer than a room holds the name of a lost connection."""


class IfTaken(Enum):
    """What to do when the name is taken."""

    ASK = auto()
    """Report it, and wait for another one."""
    WAIT = auto()
    """Try again for some time: the name may be held for our own lost connection."""
    SIMILAR = auto()
    """Take the one that the room suggests; without a suggestion, as `WAIT`."""


class Joining:
    """What a join says of us: name, secret or one-time code, password; across connections.

    `history` is how many of the last messages to request at first, `code` is another device's one-time code,
    `token` that of a reserved name.
    """

    def __init__(
        self, history: int, password: str, if_taken: IfTaken, code: str = "", token: str = ""
    ) -> None:
        self.name = ""  # as set, then as the room writes it
        self.password = password
        self.quiet = False  # whether to say a few lines without becoming a member
        self._history = history
        self._if_taken = if_taken
        self._code = code  # empty once it is used
        self._token = token
        self._session: str | None = None
        self._first_session = os.urandom(18).hex()  # until the room has given us one
        self._has_joined = False
        self._read: Position | None = None  # in an earlier run, or on the device that the code is of
        self._patient_until: float | None = None  # monotonic; None while the name is not known to be taken

    def resume_as(self, identity: Identity | None) -> None:
        """Be this person when joining, None for a new one. Does nothing once we have joined."""
        if not self._has_joined:
            self._session = identity.session if identity else None
            self._read = identity.read if identity else None

    def identity(self, position: Position) -> Identity | None:
        """Return who we are; None before the first welcome. What is sent to a script counts as not read."""
        if self._session is None:
            return None
        return Identity(self.name, self._session, position if self._history else None)

    def join(self, since: Position | None, ref: str) -> Join:
        """Return the command to join with; `since` is what we have seen over an earlier connection.

        The first one has a secret too, also beside a code: it names us if the welcome is lost.
        """
        return Join(
            self.name,
            self._first_session if self._code else self._session or self._first_session,
            since,
            None if since else self._history,
            self.password[:MAX_PASSWORD] or None,
            self.quiet,
            self._code or None,
            self._token or None,
            ref=ref,
        )

    def welcomed(self, welcome: Welcome) -> int | None:
        """Take over what the room calls us; return the newest id that was read before this run, if known."""
        if self._code:
            self._read = None if welcome.read is None else Position(welcome.epoch, welcome.read)
        self._code = ""
        if self._token and not (welcome.reserved or self._has_joined):
            import logging  # noqa: PLC0415 - a twelfth of the start of the filter

            logging.getLogger(__name__).warning(
                "%s: the room reserves this name for nobody, so others may take it", welcome.name
            )
        self.name, self._session = welcome.name, welcome.session
        self._has_joined, self._patient_until = True, None
        return self._read.id if self._read and self._read.epoch == welcome.epoch else None

    def take_similar(self, suggestion: str | None) -> bool:
        """Take the suggested name instead of a taken one, if that is wanted; return whether it is."""
        if self._if_taken is not IfTaken.SIMILAR or not suggestion:
            return False
        self.name = suggestion
        return True

    def is_patient(self) -> bool:
        """Return whether a taken name is to be tried again."""
        now = time.monotonic()
        if self._patient_until is None:
            self._patient_until = now + NAME_PATIENCE
        return self._if_taken is not IfTaken.ASK and now < self._patient_until
