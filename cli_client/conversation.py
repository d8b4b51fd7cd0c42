"""The state of a conversation, and what each event of the room makes of it.

No thread and no socket in here: `Chat` brings the events, and its lock guards all of this.
"""

import time
from collections.abc import Callable, Sequence
from typing import Final

from chat_protocol.contract import MAX_LINE, MAX_PASSWORD
from chat_protocol.messages import (
    Ack,
    Bans,
    Bye,
    Command,
    Error,
    Event,
    Found,
    HistoryPage,
    HistoryRequest,
    Join,
    Joined,
    Leave,
    Left,
    Limits,
    Message,
    Pong,
    Role,
    Throttled,
    Welcome,
    Whois,
)
from cli_client.news import (
    Entered,
    Hits,
    NameRefused,
    News,
    Page,
    PasswordWanted,
    Phase,
    Said,
    Status,
    Trouble,
    Unsent,
)
from cli_client.outbox import Outbox
from cli_client.transcript import Transcript
from cli_client.wishes import Wishes

ASKED: Final = "asked"
"""Why a connection is over when this person must first give a name or the password."""

CONTEXT: Final = 3
"""Neighbours shown on each side of a message that was looked up by number."""

LONGEST_WAIT: Final = 3600.0
"""Seconds that a room is believed when it says how long something takes."""

_NAME_CODES: Final = frozenset({"name_empty", "name_too_long", "name_invalid", "name_taken", "name_reserved"})
_PASSWORD_CODES: Final = frozenset({"password_required", "password_wrong"})
_ASSUMED: Final = Limits(name=32, text=4000, line=MAX_LINE, history=500)


class Conversation:
    """One person's conversation with a room, across connections. Not thread-safe.

    `history` is how many of the last messages to ask for on first entering.
    """

    def __init__(self, history: int, password: str) -> None:
        self.phase = Phase.NAMELESS
        self.name = ""  # wished for, then as the room wrote it
        self.password = password
        self.leaving = False
        self.why = ""  # as in `Status`
        self.retry_at = 0.0  # monotonic
        self.outbox = Outbox()
        self.transcript: Transcript | None = None
        # Of the present connection:
        self.over = ""  # why it is over; empty while it is not
        self.retry_after = 0.0  # seconds the room does not want to see us for
        self._history = history
        self._session: str | None = None
        self._members: list[str] = []
        self._limits = _ASSUMED
        self._moderated = False
        self._moderator = False
        self._throttled_until = 0.0  # monotonic
        self._put: Callable[[Command], object] | None = None  # sends, while there is a connection
        self._asked: list[int | None] = []  # history requests under way; None: a page, else a number
        self._wishes = Wishes()

    def status(self) -> Status:
        """Return how things stand."""
        now = time.monotonic()
        return Status(
            phase=self.phase,
            name=self.name,
            members=tuple(self._members),
            unsent=tuple(say.text for say in self.outbox.waiting()),
            limits=self._limits,
            retry_in=max(0.0, self.retry_at - now),
            why=self.why,
            moderated=self._moderated,
            moderator=self._moderator,
            throttled=max(0.0, self._throttled_until - now),
        )

    # --- what this person does ---------------------------------------------------

    def say(self, text: str) -> None:
        """Say `text` now, or when the room is reached again."""
        self.send(self.outbox.add(text))

    def send(self, command: Command) -> bool:
        """Send `command` if the room has us in; say whether it has."""
        if self.phase is Phase.ONLINE and self._put:
            self._put(command)
            self._wishes.sent(command)
            return True
        return False

    def page(self, limit: int) -> bool:
        """Ask for older messages; False: not online."""
        if self.phase is not Phase.ONLINE or not self.transcript:
            return False
        if None not in self._asked:  # one page at a time, or the same one would come twice
            self._ask(None, self.transcript.next_page(min(limit, self._limits.history)))
        return True

    def show(self, number: int) -> Page | None:
        """Return message `number` as far as it is known, or None after asking for it."""
        known = self.transcript.around(number, CONTEXT) if self.transcript else []
        if known or self.phase is not Phase.ONLINE:
            return Page(known, number)
        self._ask(number, HistoryRequest(before=number + CONTEXT + 1, limit=2 * CONTEXT + 1))
        return None

    def _ask(self, what: int | None, request: HistoryRequest) -> None:
        self._asked.append(what)
        self.send(request)

    # --- connections come and go -------------------------------------------------

    def connected(self, put: Callable[[Command], object]) -> None:
        """Introduce this person on a new connection that `put` sends on."""
        self._put, self.over, self.retry_after = put, "", 0.0
        since = self.transcript.mark() if self.transcript else None
        history = None if since else self._history
        put(Join(self.name, self._session, since, history, self.password[:MAX_PASSWORD] or None))

    def disconnected(self) -> None:
        """Forget what was true of the connection alone."""
        self._put = None
        self._throttled_until = 0.0
        self._asked.clear()
        self._wishes.clear()
        self._members.clear()
        if self.phase is Phase.ONLINE:
            self.phase = Phase.CONNECTING

    # --- what the room says ------------------------------------------------------

    def take(self, event: Event) -> Sequence[News]:  # noqa: C901 - one case a kind of event
        """Deal with one event; return what there is to tell. Sets `over`."""
        match event:
            case Welcome():
                return self._welcomed(event)
            case Message():
                return self._heard(event)
            case Ack():
                return self._acknowledged(event)
            case Joined() | Left():
                return self._presence(event)
            case HistoryPage():
                return self._paged(event)
            case Found():
                return [Hits(event.messages, event.more, self._wishes.found())]
            case Error():
                return self._refused(event)
            case Bye():
                self.over = event.reason
                return []
            case Pong():
                return []
            case Whois() | Bans():
                self._wishes.done(event)
            case Role(moderator):
                self._moderator = moderator
            case Throttled(seconds):
                self._throttled_until = time.monotonic() + min(seconds, LONGEST_WAIT)
        return [event]

    def _welcomed(self, welcome: Welcome) -> list[News]:
        back = self.transcript is not None
        new_log = self.transcript is not None and not self.transcript.continues_in(welcome)
        if self.transcript is None or new_log:
            self.transcript = Transcript(welcome.epoch)
        new = self.transcript.resume(welcome)
        self.name, self._session, self._limits = welcome.name, welcome.session, welcome.limits
        self._members[:] = welcome.members
        self.phase, self.why = Phase.ONLINE, ""
        self._throttled_until = 0.0  # it was the door that made us wait
        self._moderated = welcome.moderated
        for say in self.outbox.waiting():
            self.send(say)
        if self.leaving:
            self.send(Leave())
        news: list[News] = [Entered(welcome.name, back, new_log, new, welcome.missed, tuple(welcome.members))]
        if welcome.moderator != self._moderator:
            self._moderator = welcome.moderator
            news.append(Role(welcome.moderator))
        return news

    def _heard(self, message: Message) -> list[News]:
        if self.transcript is None or not self.transcript.add(message):
            return []
        if message.notice and message.notice.by == self.name:
            self._wishes.done(message)
        return [Said(message, own=message.name == self.name)]

    def _acknowledged(self, ack: Ack) -> list[News]:
        text = self.outbox.settle(ack.ref)
        if text is None or self.transcript is None:
            return []
        message = Message(ack.id, ack.at, self.name, text)
        return [Said(message, own=True)] if self.transcript.add_own(message) else []

    def _presence(self, event: Joined | Left) -> list[News]:
        if isinstance(event, Left):
            self._members[:] = [name for name in self._members if name != event.name]
        elif event.name not in self._members:
            self._members.append(event.name)
        return [event]

    def _paged(self, history: HistoryPage) -> list[News]:
        target = self._asked.pop(0) if self._asked else None
        if target is not None:
            found = any(message.id == target for message in history.messages)
            return [Page(history.messages if found else (), target)]
        new = self.transcript.add_page(history.messages) if self.transcript else []
        if history.messages and not new and self.transcript:
            self._ask(None, self.transcript.next_page(len(history.messages)))
            return []
        return [Page(new)]

    def _refused(self, error: Error) -> list[News]:
        text = self.outbox.settle(error.ref) if error.ref else None
        if text is not None:
            return [Unsent(text, error.code, error.text, error.retry_after)]
        if self.phase is Phase.ONLINE and error.code != "banned":
            about = self._wishes.refused(error.code)
            return [Trouble(error.code, error.text, error.retry_after, about)]
        # The answer is tried on a connection of its own: the room does not wait as long as a
        # person may think.
        self.over, self.retry_after = error.code, error.retry_after or 0.0
        self._throttled_until = 0.0
        if error.code in _NAME_CODES:
            self.over, self.phase = ASKED, Phase.NAMELESS
            return [NameRefused(error.code, error.text, error.suggestion or "")]
        if error.code in _PASSWORD_CODES:
            self.over, self.phase = ASKED, Phase.LOCKED
            return [PasswordWanted(error.code)]
        return []
