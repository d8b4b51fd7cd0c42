"""Who is here, what was said, in which order. Knows of no socket and no thread.

Every method takes what one connection wants and returns what it comes to, as
`Outcome`s. A connection is whatever the caller tells connections apart by.

Not thread-safe: all calls are made by whoever holds the sequencer.
"""

import hashlib
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import groupby
from typing import Generic, cast

from msgspec.structs import replace

from chat_protocol.contract import MAX_LINE
from chat_protocol.errors import BadMessage
from chat_protocol.messages import (
    Ack,
    Bye,
    Error,
    Event,
    History,
    HistoryRequest,
    Join,
    Joined,
    Leave,
    Left,
    Limits,
    Message,
    Ping,
    Pong,
    Say,
    Search,
    Typing,
    Welcome,
    timestamp,
)
from chat_protocol.text import clean, is_blank, split
from tcp_server.commands import Help, HelpText, Introduce, LocalEvent, Members, Who, Wish
from tcp_server.config import Config
from tcp_server.history import History as Log
from tcp_server.history import Key, Unavailable
from tcp_server.names import BadName, Name, prepare
from tcp_server.outcome import Connection, Outcome, Presence

_REPLAY_BYTES = 256 * 1024
"""Most that a welcome or a history answer carries, in UTF-8 bytes of text, roughly."""

_SECRET_SHORTEST = 16
"""A session secret of fewer characters is not taken from a client, but replaced."""

_CONNECTIONS_PER_MEMBER = 16
"""With one more, a member's oldest connection is replaced."""

_ABSENT_MOST = 1000
"""With so many lost members whose names are kept, the next one's is not: names are no free storage."""

_TYPING_EVERY = 1.0
"""Seconds between two typing notices of one member that reach the room."""


@dataclass(slots=True, eq=False)
class _Member(Generic[Connection]):
    """One person: a name, and the connections that share it, oldest first."""

    shown: str
    key: str
    session: bytes | None = None  # digest of the secret; text dialects have none
    connections: dict[Connection, None] = field(default_factory=dict)
    typed_at: float = -_TYPING_EVERY


class Room(Generic[Connection]):
    """The one room."""

    def __init__(
        self,
        config: Config,
        history: Log,
        search: Callable[[Connection, Search], list[Outcome[Connection]]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`search` answers now or later, `clock` gives monotonic seconds."""
        self._config = config
        self._history = history
        self._search = search
        self._clock = clock
        self._limits = Limits(config.max_name, config.max_text, MAX_LINE, config.max_replay)
        self._members: dict[str, _Member[Connection]] = {}  # by name key
        self._sessions: dict[bytes, _Member[Connection]] = {}  # by digest of the secret
        self._by_connection: dict[Connection, _Member[Connection]] = {}
        # When the grace of those without a connection ends, soonest first, and why they went.
        self._absent: dict[_Member[Connection], tuple[float, str | None]] = {}
        self._remember()

    # --- what connections want -------------------------------------------------------

    def join(self, connection: Connection, wish: Join | Introduce) -> list[Outcome[Connection]]:
        """Let someone in, or say why not."""
        if connection in self._by_connection:
            return [_refused(connection, "already_joined", "this connection has joined already")]
        if isinstance(wish, Join) and wish.session is not None:
            known = self._sessions.get(_digest(wish.session))
            if known is not None:
                return self._come_back(connection, known, wish, wish.session)
        try:
            name = prepare(wish.name, self._config.max_name)
        except BadName as error:
            return [_refused(connection, error.code, error.text)]
        if name.key in self._members:
            return [_refused(connection, "name_taken", "somebody here has this name")]
        member = _Member[Connection](name.shown, name.key)
        self._members[name.key] = member
        self._attach(connection, member)
        answer = []
        if isinstance(wish, Join):
            # A secret from before a restart is taken over: what was said under it stays said.
            secret = wish.session if len(wish.session or "") >= _SECRET_SHORTEST else None
            secret = secret or secrets.token_urlsafe(18)
            member.session = _digest(secret)
            self._sessions[member.session] = member
            self._history.note_presence(member.session, member.shown)
            answer.append(self._welcome(member, wish, secret))
        return [Outcome(connection, answer, [Joined(member.shown, timestamp())], Presence.ENTERS)]

    def handle(self, connection: Connection, wishes: Iterable[Wish]) -> list[Outcome[Connection]]:
        """Do what a connection that has joined asks for, in its order."""
        outcomes: list[Outcome[Connection]] = []
        for kind, group in groupby(wishes, type):
            # Looked up for each: a connection may leave in the middle of what it sends.
            member = self._by_connection.get(connection)
            if member is None:
                break
            if kind is Say:
                says = list(cast("Iterable[Say]", group))
                try:
                    outcomes.append(self._say(connection, member, says))
                except Unavailable as error:
                    answer = [Error("unavailable", str(error), say.ref) for say in says]
                    outcomes.append(Outcome(connection, answer))
            else:
                for wish in group:
                    outcomes += self._do(connection, member, wish)
        return outcomes

    def leave(
        self, connection: Connection, *, for_good: bool, bye: str | None = None, reason: str | None = None
    ) -> list[Outcome[Connection]]:
        """Take a connection out, in the one place where that happens; again is no harm.

        `bye` is the reason told to the connection, `reason` the one told to the room.
        Unless `for_good`, a member whose last connection this was keeps the name for
        the grace period, and the room hears of it only after that.
        """
        member = self._by_connection.pop(connection, None)
        if member is None:
            return []
        del member.connections[connection]
        told: list[Event] = []
        if not member.connections:
            no_grace = not self._config.grace or len(self._absent) >= _ABSENT_MOST
            if for_good or member.session is None or no_grace:
                told.append(self._remove(member, reason))
            else:
                self._absent[member] = self._clock() + self._config.grace, reason
        return [Outcome(connection, [Bye(bye)] if bye else [], told, Presence.LEAVES)]

    def tend(self) -> list[Outcome[Connection]]:
        """Take leave of those whose grace is over, and of what need not be kept. About once a second."""
        now = self._clock()
        over = [(member, reason) for member, (until, reason) in self._absent.items() if until <= now]
        self._history.prune()
        return [Outcome(None, (), [self._remove(member, reason)]) for member, reason in over]

    def settle(self, outcomes: list[Outcome[Connection]]) -> list[Outcome[Connection]]:
        """Have all that was said in a batch kept before anybody hears of it.

        Where that cannot be, the outcomes are returned as if nothing had been said in
        them, and whoever spoke is told so.
        """
        try:
            self._history.commit()
        except Unavailable:
            return [_unsaid(outcome, self._history.last) for outcome in outcomes]
        return outcomes

    def clear(self) -> None:
        """Forget everybody without a word: the server stops."""
        self._members.clear()
        self._sessions.clear()
        self._by_connection.clear()
        self._absent.clear()

    # --- how it is done ---------------------------------------------------------------

    def _say(
        self, connection: Connection, member: _Member[Connection], says: list[Say]
    ) -> Outcome[Connection]:
        """The hot path: a run of messages out of one received chunk."""
        messages: list[Message] = []
        keys: list[Key | None] = []
        answer: list[Event] = []
        name, session = member.shown, member.session
        last, at = self._history.last, timestamp()
        said: dict[str, Ack] = {}
        if session is not None:
            said = self._history.recall(session, [say.ref for say in says if say.ref is not None])
        for say in says:
            ref, text = say.ref, clean(say.text)
            if ref in said:
                answer.append(said[ref])
                continue
            if session is None:
                pieces = [] if is_blank(text) else split(text, self._config.max_text)
            elif objection := self._objection(ref, text):
                answer.append(objection)
                continue
            else:
                pieces = [text]
            for piece in pieces:
                last += 1
                messages.append(Message(last, at, name, piece))
                keys.append(None)
            if session is not None and ref is not None:
                keys[-1] = (session, ref)
                said[ref] = Ack(ref, last, at)
                answer.append(said[ref])
        self._history.append(messages, keys)
        return Outcome(connection, answer, messages)

    def _objection(self, ref: str | None, text: str) -> Error | None:
        """Why a JSON client's message is not said, if it is not."""
        if ref is None:
            return Error("bad_field", "a say needs a ref")
        if is_blank(text):
            return Error("blank", "the text is blank", ref)
        if len(text) > self._config.max_text:
            return Error("too_long", f"a text has at most {self._config.max_text} characters", ref)
        return None

    def _do(
        self, connection: Connection, member: _Member[Connection], wish: Wish
    ) -> list[Outcome[Connection]]:
        match wish:
            case Typing():
                return self._type(connection, member)
            case Ping():
                return [Outcome(connection, [Pong()])]
            case HistoryRequest(before=before, limit=limit):
                before = self._history.last + 1 if before is None else before
                return [Outcome(connection, [self._page(before, limit)])]
            case Search():
                return self._search(connection, wish)
            case Who():
                return [Outcome(connection, [Members(self._names())])]
            case Help():
                return [Outcome(connection, [HelpText()])]
            case Leave():
                return self.leave(connection, for_good=True, bye="left")
            case Join() | Introduce():
                return self.join(connection, wish)
            case BadMessage():
                return self._object(connection, wish)
        raise AssertionError(f"not a wish: {wish!r}")

    def _type(self, connection: Connection, member: _Member[Connection]) -> list[Outcome[Connection]]:
        now = self._clock()
        if now - member.typed_at < _TYPING_EVERY:
            return []
        member.typed_at = now
        return [Outcome(connection, (), [Typing(member.shown)])]

    def _object(self, connection: Connection, wish: BadMessage) -> list[Outcome[Connection]]:
        """Say what is wrong; a stream that is not even text cannot be trusted further."""
        if wish.code == "bad_utf8":
            return self.leave(connection, for_good=False, bye="bad_utf8")
        return [_refused(connection, wish.code, wish.text, wish.ref)]

    def _come_back(
        self, connection: Connection, member: _Member[Connection], wish: Join, secret: str
    ) -> list[Outcome[Connection]]:
        """Join someone who is known: nobody else hears of it."""
        outcomes: list[Outcome[Connection]] = []
        if len(member.connections) >= _CONNECTIONS_PER_MEMBER:
            outcomes += self.leave(next(iter(member.connections)), for_good=True, bye="replaced")
        self._absent.pop(member, None)
        self._attach(connection, member)
        outcomes.append(Outcome(connection, [self._welcome(member, wish, secret)], (), Presence.ENTERS))
        return outcomes

    def _remember(self) -> None:
        """Hold the names of those who were here when the server ended: they may be back soon."""
        for session, shown in self._history.present():
            try:
                name: Name | None = prepare(shown, self._config.max_name)
            except BadName:  # the limits have changed since
                name = None
            if name is None or name.key in self._members or len(self._absent) >= _ABSENT_MOST:
                self._history.note_presence(session, None)
            else:
                member = _Member[Connection](name.shown, name.key, session)
                self._members[name.key] = self._sessions[session] = member
                self._absent[member] = self._clock() + self._config.grace, None

    def _attach(self, connection: Connection, member: _Member[Connection]) -> None:
        member.connections[connection] = None
        self._by_connection[connection] = member

    def _remove(self, member: _Member[Connection], reason: str | None) -> Left:
        del self._members[member.key]
        self._absent.pop(member, None)
        if member.session is not None:
            del self._sessions[member.session]
            self._history.note_presence(member.session, None)
        return Left(member.shown, timestamp(), reason)

    def _welcome(self, member: _Member[Connection], wish: Join, secret: str) -> Welcome:
        history, most = self._history, self._config.max_replay
        since = wish.since
        if since is not None and since.epoch == history.epoch and since.id <= history.last:
            unseen = history.last - since.id
            page = self._page(history.last + 1, min(unseen, most))
            missed = unseen - len(page.messages)
        else:
            wanted = self._config.replay if wish.history is None else wish.history
            page = self._page(history.last + 1, min(wanted, most))
            missed = 0
        return Welcome(
            name=member.shown,
            session=secret,
            epoch=history.epoch,
            last=history.last,
            members=self._names(),
            messages=page.messages,
            missed=missed,
            more=page.more,
            limits=self._limits,
        )

    def _page(self, before: int, limit: int) -> History:
        """The newest messages below `before`, as many as fit one answer."""
        try:
            messages = self._history.before(before, min(limit, self._config.max_replay))
        except Unavailable:  # a disk that cannot be read keeps nobody out
            messages = []
        size = 0
        for count, message in enumerate(reversed(messages)):
            size += 2 * len(message.text) + 100
            if size > _REPLAY_BYTES and count:
                messages = messages[len(messages) - count :]
                break
        oldest = messages[0].id if messages else min(before, self._history.last + 1)
        return History(messages, oldest > self._history.first)

    def _names(self) -> list[str]:
        return [member.shown for member in self._members.values()]


def _refused(connection: Connection, code: str, text: str, ref: str | None = None) -> Outcome[Connection]:
    return Outcome(connection, [Error(code, text, ref)])


def _unsaid(outcome: Outcome[Connection], last: int) -> Outcome[Connection]:
    """Return what an outcome is without the messages behind the id `last`."""
    shared = [event for event in outcome.shared if not (isinstance(event, Message) and event.id > last)]
    answer: list[Event | LocalEvent] = []
    for event in outcome.answer:
        match event:
            case Ack() if event.id > last:
                answer.append(Error("unavailable", "the message could not be stored", event.ref))
            case Welcome() | History():
                kept = [message for message in event.messages if message.id <= last]
                changes = {"last": last} if isinstance(event, Welcome) else {}
                answer.append(replace(event, messages=kept, **changes))
            case _:
                answer.append(event)
    if len(shared) < len(outcome.shared) and not answer:
        answer.append(Error("unavailable", "the message could not be stored"))
    return outcome._replace(answer=answer, shared=shared)


def _digest(secret: str) -> bytes:
    """Secrets are kept and looked up by digest: the time that takes says nothing about the secret."""
    return hashlib.sha256(secret.encode()).digest()[:16]
