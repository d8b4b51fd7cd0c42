"""The state of a conversation, and how the room's events change it.

No thread and no socket here: `Chat` passes the events in, and its lock guards all of this.
"""

import itertools
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from enum import Enum, auto
from typing import Final

from msgspec.structs import replace

from chat_client.answers import Answers
from chat_client.events import (
    ClientEvent,
    Entered,
    MessageRefused,
    NameRefused,
    NewMessage,
    OlderMessages,
    PasswordNeeded,
    Phase,
    Request,
    RequestFailed,
    SearchResults,
    Status,
)
from chat_client.identity import Identity
from chat_client.outbox import Outbox
from chat_client.transcript import Transcript
from chat_protocol import messages as m
from chat_protocol.commands import Show
from chat_protocol.contract import MAX_LINE, MAX_PASSWORD

INPUT_NEEDED: Final = "input_needed"
"""The end reason of a connection that ended because a name or the password is needed."""

CONTEXT: Final = 3
"""Messages shown before and after a message that was requested by number."""

_AHEAD: Final = 20
"""Numbers above it that are requested as well, since not each is a message's."""

MAX_WAIT: Final = 3600.0
"""Maximum wait accepted from a room, in seconds."""

NAME_TAKEN: Final = "name_taken"
"""The end reason of a connection whose name is taken, and will be tried again."""

NAME_PATIENCE: Final = 30.0
"""Seconds for which a taken name is tried again: longer than a room holds the name of a lost connection."""

_NAME_CODES: Final = frozenset({"name_empty", "name_too_long", "name_invalid", "name_taken", "name_reserved"})
_PASSWORD_CODES: Final = frozenset({"password_required", "password_wrong"})
_DEFAULT_LIMITS: Final = m.Limits(name=32, text=4000, line=MAX_LINE, history=500)


class IfTaken(Enum):
    """What to do when the name is taken."""

    ASK = auto()
    """Report it, and wait for another one."""
    WAIT = auto()
    """Try again for some time: the name may be held for our own lost connection."""
    SIMILAR = auto()
    """Take the one that the room suggests; without a suggestion, as `WAIT`."""


class Conversation:
    """One person's conversation with a room, across connections. Not thread-safe.

    `history` is how many of the last messages to request at first.
    """

    def __init__(self, history: int, password: str, if_taken: IfTaken = IfTaken.ASK) -> None:
        self.phase = Phase.NAME_NEEDED
        self.name = ""  # as set, then as the room writes it
        self.password = password
        self.quiet = False  # whether to say a few lines without becoming a member
        self.leaving = ""  # why we leave; empty while we do not
        self.reason = ""  # as in `Status`
        self.retry_at = 0.0  # monotonic
        self.outbox = Outbox()
        self.answers = Answers()
        self.transcript: Transcript | None = None
        self.end_reason = ""  # why the current connection must end; empty while it need not
        self.retry_after = 0.0  # seconds until we may join
        self._history = history
        self._if_taken = if_taken
        self._patient_until: float | None = None  # monotonic; None while the name is not known to be taken
        self._session: str | None = None
        self._has_joined = False
        self._read: m.Position | None = None  # in an earlier run
        self._members: list[str] = []
        self._limits = _DEFAULT_LIMITS
        self._moderated = False
        self._moderator = False
        self._throttled_until = 0.0  # monotonic
        self._put: Callable[[m.Command], object] | None = None  # sends; None without a connection
        self._refs = map(str, itertools.count(1))
        self._pending: dict[str, Request] = {}  # by ref, oldest first

    def status(self) -> Status:
        """Return a snapshot of the status."""
        now = time.monotonic()
        return Status(
            phase=self.phase,
            name=self.name,
            members=tuple(self._members),
            unsent=tuple(say.text for say in self.outbox.pending()),
            limits=self._limits,
            retry_in=max(0.0, self.retry_at - now),
            reason=self.reason,
            moderated=self._moderated,
            moderator=self._moderator,
            throttled=max(0.0, self._throttled_until - now),
        )

    # --- actions of the person -------------------------------------------------------

    def say(self, text: str) -> Future[m.Message]:
        """Send a message now, or once online; the result is what the room has stored."""
        say = self.outbox.add(text)
        assert say.ref
        self._send(say)
        return self.answers.to_say(say.ref)

    def ask(self, command: m.Command) -> Future[m.Event]:
        """Send a command; the result is its answer, which is not reported otherwise."""
        ref = next(self._refs)
        return self.answers.to_question(ref, sent=self._send(replace(command, ref=ref)))

    def request(self, command: m.Command, request: Request | None = None) -> bool:
        """Send a command with a `ref`; return False if not online.

        `request` is what the person has asked for, if that is not the command itself.
        """
        ref = next(self._refs)
        if not self._send(replace(command, ref=ref)):
            return False
        awaited = request or command
        if isinstance(awaited, Request):
            self._pending[ref] = awaited
        return True

    def load_older(self, limit: int) -> bool:
        """Request older messages; return False if not online."""
        if self.phase is not Phase.ONLINE or not self.transcript:
            return False
        # One page at a time, or the same one would come twice.
        if not any(isinstance(request, m.HistoryRequest) for request in self._pending.values()):
            self.request(self.transcript.next_page(min(limit, self._limits.history)))
        return True

    def show(self, number: int) -> OlderMessages | None:
        """Return message `number` with its known neighbours, or None after requesting it."""
        known = self.transcript.around(number, CONTEXT) if self.transcript else []
        if known or self.phase is not Phase.ONLINE:
            return OlderMessages(known, number)
        self._request_around(number, _AHEAD)
        return None

    def _request_around(self, number: int, ahead: int) -> None:
        limit = min(ahead + 1 + CONTEXT, self._limits.history)
        self.request(m.HistoryRequest(before=number + 1 + ahead, limit=limit), Show(number))

    def _send(self, command: m.Command) -> bool:
        if self.phase is Phase.ONLINE and self._put:
            self._put(command)
            return True
        return False

    # --- identity --------------------------------------------------------------------

    def resume_as(self, identity: Identity | None) -> None:
        """Be this person when joining, None for a new one. Does nothing once we have joined."""
        if not self._has_joined:
            self._session = identity.session if identity else None
            self._read = identity.read if identity else None

    def identity(self) -> Identity | None:
        """Return who we are; None before the first welcome. What is sent to a script counts as not read."""
        if self._session is None or self.transcript is None:
            return None
        return Identity(self.name, self._session, self.transcript.position() if self._history else None)

    # --- connections -----------------------------------------------------------------

    def connected(self, put: Callable[[m.Command], object]) -> None:
        """Join the room over a new connection that `put` sends on."""
        self._put, self.end_reason, self.retry_after = put, "", 0.0
        self._join(put)

    def _join(self, put: Callable[[m.Command], object]) -> None:
        since = self.transcript.position() if self.transcript else None
        history = None if since else self._history
        password = self.password[:MAX_PASSWORD] or None
        ref = next(self._refs)
        put(m.Join(self.name, self._session, since, history, password, self.quiet, ref=ref))

    def disconnected(self) -> None:
        """Reset what belongs to one connection."""
        self._put = None
        self._throttled_until = 0.0
        self._pending.clear()
        self.answers.disconnected()
        self._members.clear()
        if self.phase is Phase.ONLINE:
            self.phase = Phase.CONNECTING

    def end(self, reason: str) -> None:
        """End for good."""
        self.phase, self.reason = Phase.ENDED, reason
        self.answers.end(reason, self.retry_after)

    # --- events of the room ------------------------------------------------------------

    def handle(self, event: m.Event) -> Sequence[ClientEvent]:  # noqa: C901 - one case per event
        """Handle one event; return what to report. May set `end_reason`."""
        match event:
            case m.Welcome():
                return self._on_welcome(event)
            case m.Message():
                is_new = self.transcript is not None and self.transcript.add(event)
                return [NewMessage(event, own=event.name == self.name)] if is_new else []
            case m.Ack():
                return self._on_ack(event)
            case m.Joined() | m.Left():
                return self._on_presence(event)
            case m.HistoryPage():
                return self._on_history(event)
            case m.Found(messages, more, ref=ref):
                request = self._answered(ref, m.Search)
                return [SearchResults(messages, more, request.query if isinstance(request, m.Search) else "")]
            case m.Error():
                return self._on_error(event)
            case m.Bye():
                return self._on_bye(event)
            case m.Pong() | m.Changed():
                return []
            case m.Whois() | m.Bans():
                self._answered(event.ref, type(event))
            case m.Role(moderator):
                self._moderator = moderator
            case m.Throttled(seconds):
                self._throttled_until = time.monotonic() + min(seconds, MAX_WAIT)
        return [event]

    def _answered(self, ref: str | None, *kinds: type) -> Request | None:
        """Remove and return the request that has been answered.

        Older servers send no `ref` back. They answer requests of these kinds in order, so it is
        the oldest of them.
        """
        if ref is None:
            ref = next((ref for ref, request in self._pending.items() if isinstance(request, kinds)), "")
        return self._pending.pop(ref, None)

    def _on_welcome(self, welcome: m.Welcome) -> list[ClientEvent]:
        rejoined = self.transcript is not None
        new_log = self.transcript is not None and not self.transcript.continues_in(welcome)
        if self.transcript is None or new_log:
            self.transcript = Transcript(welcome.epoch)
        new = self.transcript.resume(welcome)
        self.name, self._session, self._limits = welcome.name, welcome.session, welcome.limits
        self._members[:] = welcome.members
        self.phase, self.reason, self._has_joined = Phase.ONLINE, "", True
        self._patient_until = None
        self._throttled_until = 0.0  # it was from before the welcome
        self._moderated = welcome.moderated
        for say in self.outbox.pending():
            self._send(say)
        if self.leaving:
            self.request(m.Leave())
        read = self._read if not rejoined and self._read and self._read.epoch == welcome.epoch else None
        events: list[ClientEvent] = [
            Entered(
                welcome.name,
                rejoined,
                new_log,
                new,
                welcome.missed,
                tuple(welcome.members),
                read.id if read else None,
            )
        ]
        if welcome.moderator != self._moderator:
            self._moderator = welcome.moderator
            events.append(m.Role(welcome.moderator))
        return events

    def _on_ack(self, ack: m.Ack) -> list[ClientEvent]:
        text = self.outbox.remove(ack.ref)
        if text is None or self.transcript is None:
            self._answered(ack.ref)  # of `moderate`, whose notice has been reported
            return []
        message = m.Message(ack.id, ack.at, self.name, text)
        self.answers.stored(ack.ref, message)
        return [NewMessage(message, own=True)] if self.transcript.add_own(message) else []

    def _on_presence(self, event: m.Joined | m.Left) -> list[ClientEvent]:
        if isinstance(event, m.Left):
            self._members[:] = [name for name in self._members if name != event.name]
        elif event.name not in self._members:
            self._members.append(event.name)
        return [event]

    def _on_history(self, page: m.HistoryPage) -> list[ClientEvent]:
        match self._answered(page.ref, m.HistoryRequest, Show):
            case Show(number):
                return self._on_shown(number, page)
            case m.HistoryRequest() if self.transcript:
                new = self.transcript.add_page(page)
                if new or not page.messages:
                    return [OlderMessages(new)]
                self.request(self.transcript.next_page(len(page.messages)))
        return []

    def _on_shown(self, number: int, page: m.HistoryPage) -> list[ClientEvent]:
        ids = [message.id for message in page.messages]
        if number in ids:
            index = ids.index(number)
            return [OlderMessages(page.messages[max(0, index - CONTEXT) : index + CONTEXT + 1], number)]
        if ids and number < (ids[0] if page.first is None else page.first):  # it does not go back so far
            self._request_around(number, 0)
            return []
        return [OlderMessages((), number)]

    def _on_bye(self, bye: m.Bye) -> list[ClientEvent]:
        self.end_reason = bye.reason
        if bye.reason == "quiet":  # the rest is said by a member
            self.quiet, self.transcript = False, None
        return []

    def _on_error(self, error: m.Error) -> list[ClientEvent]:
        text = self.outbox.remove(error.ref) if error.ref else None
        if text is not None:
            return [MessageRefused(text, error.code, error.text, error.retry_after)]
        if self.phase is Phase.ONLINE and error.code != "banned":
            request = self._answered(error.ref)
            if error.ref is None:  # an older server: the error may answer any of them
                self._pending.clear()
            return [RequestFailed(error.code, error.text, error.retry_after, request)]
        # The next attempt needs a new connection: the room would not wait until the person answers.
        self.end_reason, self.retry_after = error.code, error.retry_after or 0.0
        self._throttled_until = 0.0
        if error.code == NAME_TAKEN and self._try_again(error.suggestion):
            return []
        if error.code in _NAME_CODES:
            self.end_reason, self.phase = INPUT_NEEDED, Phase.NAME_NEEDED
            return [NameRefused(error.code, error.text, error.suggestion or "")]
        if error.code in _PASSWORD_CODES:
            self.end_reason, self.phase = INPUT_NEEDED, Phase.PASSWORD_NEEDED
            return [PasswordNeeded(error.code)]
        return []

    def _try_again(self, suggestion: str | None) -> bool:
        """Join with another name, or later with the same one; return False to ask for another."""
        if self._if_taken is IfTaken.SIMILAR and suggestion and self._put:
            self.name, self.end_reason = suggestion, ""
            self._join(self._put)
            return True
        now = time.monotonic()
        if self._patient_until is None:
            self._patient_until = now + NAME_PATIENCE
        return self._if_taken is not IfTaken.ASK and now < self._patient_until
