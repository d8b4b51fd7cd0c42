"""The state of a conversation, and how the room's events change it.

No thread and no socket here: `Chat` passes the events in, and its lock guards all of this.
"""

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from chat_client.answers import Answers
from chat_client.errors import Disconnected, Refused
from chat_client.events import (
    ClientEvent,
    Entered,
    MessageChanged,
    MessageRefused,
    NameRefused,
    NewMessage,
    OlderMessages,
    PasswordNeeded,
    PeoplePage,
    Phase,
    RequestFailed,
    SearchResults,
    Status,
)
from chat_client.identity import Identity
from chat_client.joining import NAME_TAKEN, IfTaken, Joining
from chat_client.outbox import NOT_POSSIBLE, Outbox, Outgoing, needs, stored
from chat_client.requests import CONTEXT, Refresh, Requests, next_part
from chat_client.roster import Roster
from chat_client.transcript import Transcript
from chat_protocol import messages as m
from chat_protocol.contract import MAX_LINE

if TYPE_CHECKING:  # see `answers`
    from concurrent.futures import Future

INPUT_NEEDED: Final = "input_needed"
"""The end reason of a connection that ended because a name or the password is needed."""

MAX_WAIT: Final = 3600.0
"""Maximum wait accepted from a room, in seconds."""

_NAME_CODES: Final = frozenset({"name_empty", "name_too_long", "name_invalid", "name_taken", "name_reserved"})
_PASSWORD_CODES: Final = frozenset({"password_required", "password_wrong"})
_DEFAULT_LIMITS: Final = m.Limits(name=32, text=4000, line=MAX_LINE, history=500)


class Conversation:
    """One person's conversation with a room, across connections. Not thread-safe.

    `history`, `password`, `if_taken`, `code` and `token` are those of `Joining`.
    """

    def __init__(
        self,
        history: int,
        password: str,
        if_taken: IfTaken = IfTaken.ASK,
        code: str = "",
        token: str = "",
    ) -> None:
        self.phase = Phase.NAME_NEEDED
        self.joining = Joining(history, password, if_taken, code, token)
        self.leaving = ""  # why we leave; empty while we do not
        self.forgets = False  # whether we give up our name, and who we are, when we leave
        self.reason = ""  # as in `Status`
        self.retry_at = 0.0  # monotonic
        self.outbox = Outbox()
        self.answers = Answers()
        self.transcript: Transcript | None = None
        self.end_reason = ""  # why the current connection must end; empty while it need not
        self.retry_after = 0.0  # seconds until we may join
        self.retry_within: float | None = None  # seconds over which the room wants its clients back
        self._roster = Roster()
        self._limits = _DEFAULT_LIMITS
        self._moderated = False
        self._moderator = False
        self._topic: m.Topic | None = None
        self._away = m.Away(on=False)  # what the person has told us
        self._can: frozenset[str] = frozenset()  # of the last welcome, as the next one
        self._epoch, self._joins = "", 0
        self._throttled_until = 0.0  # monotonic
        self._put: Callable[[m.Command], object] | None = None  # sends; None without a connection
        self._requests = Requests(self._send)

    def status(self) -> Status:
        """Return a snapshot of the status."""
        now = time.monotonic()
        return Status(
            phase=self.phase,
            name=self.joining.name,
            members=self._roster.names,
            count=self._roster.count,
            crowd=self._roster.is_crowd,
            unsent=self.outbox.pending(),
            limits=self._limits,
            retry_in=max(0.0, self.retry_at - now),
            reason=self.reason,
            moderated=self._moderated,
            moderator=self._moderator,
            throttled=max(0.0, self._throttled_until - now),
            can=self._can,
            topic=self._topic,
            marked=self._roster.marked,
            joins=self._joins,
        )

    # --- actions of the person -------------------------------------------------------

    def deliver(self, command: Outgoing) -> "Future[Any]":
        """Send a command now, or once online; the result is the stored message, or the ack."""
        if not needs(command) <= self._can:
            return self.answers.refused(Refused(*NOT_POSSIBLE))
        return self.answers.to_outgoing(self.post(command))

    def post(self, command: Outgoing) -> str:
        """Send a command that this room knows, now or once online; return its `ref`."""
        sent = self.outbox.add(command, self._epoch)
        assert sent.ref
        self._send(sent)
        return sent.ref

    def ask(self, command: m.Command, joins: int | None = None) -> "Future[m.Event]":
        """Send a command, with its `ref` if it has one; the result is the answer, which is not reported.

        With `joins` only over that connection.
        """
        if joins not in (None, self._joins):
            return self.answers.refused(Disconnected())
        ref = getattr(command, "ref", None) or self._requests.next_ref()
        return self.answers.to_question(ref, sent=self._send(replace(command, ref=ref)))

    def request(self, command: m.Command) -> bool:
        """Send a command with a `ref`; return False if not online."""
        return self._requests.send(command)

    def set_away(self, away: m.Away) -> None:
        """Tell the room whether the person is away, now and after each reconnect."""
        self._away = away
        if "away" in self._can:
            self._send(away)

    def request_leave(self) -> bool:
        """Ask to leave for good; return False if not online."""
        return self.request(m.Leave(forget=self.forgets))

    def load_older(self, limit: int) -> bool:
        """Request older messages; return False if not online."""
        if self.phase is not Phase.ONLINE or not self.transcript:
            return False
        self._requests.load_older(self.transcript, limit)
        return True

    def show(self, number: int) -> OlderMessages | None:
        """Return message `number` with its known neighbours, or None after requesting it."""
        known = self.transcript.around(number, CONTEXT) if self.transcript else []
        if known or self.phase is not Phase.ONLINE:
            return OlderMessages(known, number)
        self._requests.load_around(number)
        return None

    def _send(self, command: m.Command) -> bool:
        if self.phase is Phase.ONLINE and self._put:
            self._put(command)
            return True
        return False

    # --- identity --------------------------------------------------------------------

    def identity(self) -> Identity | None:
        """Return who we are; None before the first welcome."""
        return self.joining.identity(self.transcript.position()) if self.transcript else None

    # --- connections -----------------------------------------------------------------

    def connected(self, put: Callable[[m.Command], object]) -> None:
        """Join the room over a new connection that `put` sends on."""
        self._put, self.end_reason, self.retry_after, self.retry_within = put, "", 0.0, None
        self._join(put)

    def _join(self, put: Callable[[m.Command], object]) -> None:
        since = self.transcript.position() if self.transcript else None
        put(self.joining.join(since, self._requests.next_ref()))

    def disconnected(self) -> None:
        """Reset what belongs to one connection."""
        self._put = None
        self._throttled_until = 0.0
        self._requests.clear()
        self.answers.disconnected()
        self._roster.reset()
        if self.phase is Phase.ONLINE:
            self.phase = Phase.CONNECTING

    def end(self, reason: str) -> None:
        """End for good."""
        self.phase, self.reason = Phase.ENDED, reason
        self.answers.end(reason, self.retry_after)

    # --- events of the room ------------------------------------------------------------

    def handle(self, event: m.Event) -> Sequence[ClientEvent]:  # noqa: C901, PLR0912 - one case per event
        """Handle one event; return what to report. May set `end_reason`."""
        match event:
            case m.Welcome():
                return self._on_welcome(event)
            case m.Message():
                message = self._with_mark(event)  # of those present nobody else has our name
                is_new = self.transcript is not None and self.transcript.add(message)
                if message.notice is not None and message.notice.act == "topic":
                    self._topic = m.topic_of(message)
                return [NewMessage(message, own=message.mine)] if is_new else []
            case m.Changed():
                return self._on_changed(event)
            case m.Ack():
                return self._on_ack(event)
            case m.Joined() | m.Left():
                self._roster.on_presence(event)
            case m.HistoryPage():
                page = replace(event, messages=self._with_marks(event.messages))
                return self._requests.on_page(page, self.transcript) if self.transcript else []
            case m.Found(messages, more, ref=ref):
                request = self._requests.answered(ref, m.Search)
                query = request.query if isinstance(request, m.Search) else ""
                return [SearchResults(self._with_marks(messages), more, query)]
            case m.Error():
                return self._on_error(event)
            case m.Bye():
                return self._on_bye(event)
            case m.Pong():
                return []
            case m.People():
                return [self._on_people(event)]
            case m.Crowd(is_on, count, members):
                is_part = is_on or count > len(members)
                self._roster.reset([*members, self.joining.name], count if is_part else None)
            case m.Person():
                self._roster.on_person(event)
            case m.MemberCount(count):
                self._roster.on_count(count)
                return []
            case m.Link() | m.Whois() | m.Bans():
                self._requests.answered(event.ref, type(event))
            case m.Role(moderator):
                self._moderator = moderator
                self._roster.on_role(self.joining.name, moderator=moderator)
            case m.Throttled(seconds):
                self._throttled_until = time.monotonic() + min(seconds, MAX_WAIT)
            case m.Received() | m.Preview():
                return []
            case m.Body(more=True):
                self._requests.send(next_part(event))
        return [event]

    def _with_mark(self, message: m.Message) -> m.Message:
        """Return a message marked as our own if it has our name."""
        if message.name != self.joining.name or message.mine or message.notice:
            return message
        return replace(message, mine=True)

    def _with_marks(self, messages: Sequence[m.Message]) -> Sequence[m.Message]:
        """Return messages of the log: only an older server leaves it to us to mark our own, by name."""
        return messages if self._can else [self._with_mark(message) for message in messages]

    def _on_welcome(self, welcome: m.Welcome) -> list[ClientEvent]:
        rejoined = self.transcript is not None
        new_log = self.transcript is not None and not self.transcript.continues_in(welcome)
        if self.transcript is None or new_log:
            self.transcript = Transcript(welcome.epoch)
        elif welcome.stale:
            self.transcript.drop_messages()
        read, self._limits = self.joining.welcomed(welcome), welcome.limits
        self._can, self._epoch = frozenset(welcome.can), welcome.epoch
        self._joins += 1
        self._requests.max_page = welcome.limits.history
        new = self.transcript.resume(replace(welcome, messages=self._with_marks(welcome.messages)))
        self._roster.reset(welcome.members, welcome.count, welcome.marked)
        self.phase, self.reason = Phase.ONLINE, ""
        self._throttled_until = 0.0  # it was from before the welcome
        self._moderated = welcome.moderated
        self._topic = welcome.topic
        events: list[ClientEvent] = [
            Entered(
                welcome.name,
                rejoined,
                new_log,
                new,
                welcome.missed,
                tuple(welcome.members),
                None if rejoined else read,
                welcome.count or 0,
                stale=welcome.stale,
                topic=welcome.topic,
                title=welcome.title,
                welcome=welcome.welcome,
            )
        ]
        changed = [self.transcript.change(message, is_marked=True) for message in welcome.changed]
        events += [MessageChanged(message, before) for message, before in changed]
        for command, error in self.outbox.take_impossible("" if new_log else welcome.epoch, self._can):
            self.answers.refuse(command.ref, error)
            events.append(_refusal(command, error))
        self._requests.refresh_again(has=self.transcript.has)
        for command in self.outbox.pending():
            self._send(command)
        if self._away.on:
            self.set_away(self._away)
        if self.leaving:
            self.request_leave()
        if welcome.moderator != self._moderator:
            self._moderator = welcome.moderator
            events.append(m.Role(welcome.moderator))
        return events

    def _on_ack(self, ack: m.Ack) -> list[ClientEvent]:
        sent = self.outbox.remove(ack.ref)
        if sent is None or self.transcript is None:
            self._requests.answered(ack.ref)  # of `moderate`, whose notice has been reported
            return []
        if not isinstance(sent, m.Say | m.Start):  # its `changed` has been reported
            self.transcript.advance(ack.id)
            self.answers.stored(ack.ref, ack)
            return []
        reply = sent.reply if isinstance(sent, m.Say) else None
        quote = None if reply is None else self.transcript.quote(reply)
        message = stored(sent, ack, self.joining.name, quote)
        self.answers.stored(ack.ref, message)
        is_repeat = ack.id <= self.transcript.position().id  # others may have acted on it since
        is_unknown = quote is not None and not quote.name
        if not self.transcript.add_own(message):
            return []
        if self._can and (is_repeat or is_unknown):
            self._requests.refresh(ack.id)
        return [NewMessage(message, own=True)]

    def _on_changed(self, changed: m.Changed) -> list[ClientEvent]:
        if self.transcript is None or not self.transcript.advance(changed.id, again=changed.mine is not None):
            return []
        message, before = self.transcript.change(changed.message, changed.mine)
        if self._topic is not None and message.deleted and message.id == self._topic.id:
            self._topic = None
        own = changed.by == self.joining.name
        return [MessageChanged(message, before, changed.act, changed.by, changed.at, own, changed.id)]

    def _on_people(self, people: m.People) -> PeoplePage:
        request = self._requests.answered(people.ref, m.People)
        asked = request if isinstance(request, m.People) else people
        self._roster.on_count(people.count)
        return PeoplePage(people.members, people.count, people.more, asked.prefix, asked.after, people.people)

    def _on_bye(self, bye: m.Bye) -> list[ClientEvent]:
        self.end_reason, self.retry_within = bye.reason, bye.retry_within
        if bye.reason == "quiet":  # the rest is said by a member
            self.joining.quiet, self.transcript = False, None
        return []

    def _on_error(self, error: m.Error) -> list[ClientEvent]:
        sent = self.outbox.remove(error.ref) if error.ref else None
        if sent is not None:
            return [_refusal(sent, Refused(error.code, error.text, error.retry_after))]
        if self.phase is Phase.ONLINE and error.code != "banned":
            request = self._requests.answered(error.ref)
            if error.ref is None:  # an older server: the error may answer any of them
                self._requests.clear()
            if isinstance(request, Refresh):  # it is requested again over the next connection
                return []
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
        if self._put and self.joining.take_similar(suggestion):
            self.end_reason = ""
            self._join(self._put)
            return True
        return self.joining.is_patient()


def _refusal(command: Outgoing, error: Refused) -> MessageRefused | RequestFailed:
    """Return what to report of a refused command."""
    if isinstance(command, m.Say | m.Start):
        text = command.text if isinstance(command, m.Say) else command.title
        return MessageRefused(text, error.code, error.detail, error.seconds)
    return RequestFailed(error.code, error.detail, error.seconds, command)
