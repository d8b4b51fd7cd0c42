"""The state of the chat room, and every change to it.

Each method takes a request of one connection and returns `Outcome`s: what is to be
sent to whom. Not thread-safe: the caller holds the sequencer's room lock.
"""

import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Generic, cast

from chat_protocol import messages as m
from chat_protocol.commands import Help, Show, Who
from chat_protocol.contract import MAX_LINE
from chat_protocol.errors import BadMessage
from chat_protocol.ip import rate_limit_key
from tcp_server.config import Config
from tcp_server.log.history import History, Unavailable, find_message
from tcp_server.log.replay import Replay
from tcp_server.room.commands import Greeting, HelpText, LocalEvent, MemberList, Request, TextJoin
from tcp_server.room.members import Departure, Member, Members, first_names
from tcp_server.room.moderation.actions import ModeratorActions
from tcp_server.room.moderation.bans import Sanction
from tcp_server.room.moderation.moderation import Moderation, ban_error
from tcp_server.room.moderation.sanctions import Sanctions
from tcp_server.room.names import BadName, is_same, parse_name, suggest
from tcp_server.room.outcome import AudienceChange, C, Outcome, with_ref
from tcp_server.room.passwords import Password, session_digest
from tcp_server.room.rollback import without_unsaved
from tcp_server.room.speech import Speech
from tcp_server.room.visit import Visit

_MIN_SECRET_LENGTH = 16
"""Shortest session secret, in characters; a shorter one could be guessed and is replaced."""

_MAX_CONNECTIONS_PER_MEMBER = 16
"""Maximum number of connections of a member; one more replaces the oldest."""

_MAX_LISTED = 1000
"""Most names in the answer to `/who`; together they have at most `MAX_LINE` bytes."""

_MAX_MEMBERS_BYTES = 1024 * 1024
"""Most bytes of the names in a welcome: a client reads lines of at most `MAX_REPLY_LINE`."""

_MAX_GREETED = 10
_MAX_GREETED_BYTES = 1024
"""Most names in a greeting, and most bytes they have together."""

_TYPING_INTERVAL = 1.0
"""Minimum number of seconds between two `typing` events of a member."""


class Room(Generic[C]):
    """The only room of a server."""

    def __init__(  # noqa: PLR0913, PLR0917 - each is another part of the server
        self,
        config: Config,
        history: History,
        search: Callable[[C, m.Search], list[Outcome[C]]],
        address_of: Callable[[C], str],
        sanctions: Sanctions,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`search` may answer later; `address_of` returns "" if unknown, `clock` monotonic seconds."""
        self._config = config
        self._history = history
        self._search = search
        self._address_of = address_of
        self._sanctions = sanctions
        self._clock = clock
        self._password = Password(config.password)
        self._limits = m.Limits(config.max_name, config.max_text, MAX_LINE, config.max_replay)
        self._replay = Replay(history, config.max_replay)
        self._members: Members[C] = Members()
        self._speech: Speech[C] = Speech(history, sanctions, config.max_text)
        actions = ModeratorActions(config, self._members, history, sanctions, address_of)
        self._moderation = Moderation(config, history, sanctions, actions, self._expel)
        self._restore_presence()

    # --- requests --------------------------------------------------------------------

    def join(self, connection: C, request: m.Join | TextJoin) -> list[Outcome[C]]:
        """Join the room, or answer why not.

        Without the right password, no answer depends on the members. A ban ends the connection.
        """
        if self._members.by_connection(connection) is not None:
            return [_error(connection, "already_joined", "this connection has joined already")]
        if ban := self._sanctions.bans.find(self._address_of(connection)):
            return self._refuse_banned(connection, ban)
        secret = request.session if isinstance(request, m.Join) else None
        session = None if secret is None else session_digest(secret)
        if secret is not None and (known := self._members.by_session(session)) is not None:
            if ban := self._sanctions.bans.people.find(known.keys, session):
                return self._refuse_banned(connection, ban)
            if known.admitted or self._has_password(request):
                return self._resume(connection, known, cast("m.Join", request), secret)
        elif self._has_password(request):
            return self._join_new(connection, request, secret or "")
        return _refuse_password(connection, request)

    def member_of(self, connection: C) -> Member[C] | None:
        """Return the member with that connection; None if it has not joined."""
        return self._members.by_connection(connection)

    def handle(self, connection: C, requests: Iterable[Request]) -> list[Outcome[C]]:
        """Run requests of a connection that has joined, in their order."""
        if (visit := self._members.visits.get(connection)) is not None:
            outcomes = self._handle(connection, visit.admit(requests))
            if visit.exhausted:
                outcomes += self.leave(connection, hold_name=False, bye="quiet")
            return outcomes
        return self._handle(connection, requests)

    def _handle(self, connection: C, requests: Iterable[Request]) -> list[Outcome[C]]:
        outcomes: list[Outcome[C]] = []
        for kind, group in groupby(requests, type):
            # Looked up each time: one of the requests may be `leave`.
            member = self._members.by_connection(connection)
            if member is None:
                break
            if kind is m.Say:
                outcomes.append(self._speech.say(connection, member, list(cast("Iterable[m.Say]", group))))
            else:
                for request in group:
                    outcomes += with_ref(
                        self._do(connection, member, request), connection, getattr(request, "ref", None)
                    )
        return outcomes

    def leave(
        self, connection: C, *, hold_name: bool, bye: str | None = None, reason: str | None = None
    ) -> list[Outcome[C]]:
        """Remove a connection; does nothing if it has been removed already.

        `bye` is the reason sent to the connection, `reason` the one sent to the room.
        With `hold_name`, a member without connections keeps its name for the grace period,
        and `left` is sent only after that.
        """
        if connection in self._members.visits:
            return self._end_visit(connection, bye)
        member = self._members.detach(connection)
        if member is None:
            return []
        departures: list[Departure[C]] = []
        if not member.connections:
            if hold_name and member.session is not None and self._config.grace:
                departures = self._hold_name(member, reason, self._address_of(connection))
            else:
                departures = [(member, reason)]
        shared = [self._remove(*departure) for departure in departures]
        return [Outcome(connection, [m.Bye(bye)] if bye else [], shared, AudienceChange.LEAVE)]

    def expire(self) -> list[Outcome[C]]:
        """Remove members whose grace period is over, and end long visits. Called every 0.5 s."""
        now = self._clock()
        overdue = self._members.overdue(now)
        visits = [connection for connection, visit in self._members.visits.items() if visit.ends_at <= now]
        return [
            *(Outcome(None, (), [self._remove(*departure)]) for departure in overdue),
            *(outcome for connection in visits for outcome in self._end_visit(connection, "quiet")),
        ]

    def commit(self, outcomes: list[Outcome[C]]) -> list[Outcome[C]]:
        """Commit a batch to the log, before its outcomes are sent.

        If that fails, return the outcomes without its messages, and with errors instead of acks.
        """
        try:
            self._history.commit()
        except Unavailable:
            return [without_unsaved(outcome, self._history.last) for outcome in outcomes]
        return outcomes

    def clear(self) -> None:
        """Remove all members without `left` events. Called at shutdown."""
        self._members.clear()

    # --- helpers ---------------------------------------------------------------------

    def _do(self, connection: C, member: Member[C], request: Request) -> list[Outcome[C]]:
        match request:
            case m.Typing():
                return self._notify_typing(connection, member)
            case m.Authenticate() | m.Moderate() | m.Whois() | m.Bans():
                return self._moderation.handle(connection, member, request)
            case m.Ping() | m.HistoryRequest() | Who() | Help():
                return [Outcome(connection, [self._answer(member, request)])]
            case Show(id=number):
                return [Outcome(connection, [self._show(number)])]
            case m.Search():
                return self._search(connection, request)
            case m.Leave():
                return self.leave(connection, hold_name=False, bye="left")
            case m.Join() | TextJoin():
                return self.join(connection, request)
            case BadMessage():
                return self._reject(connection, request)
        raise AssertionError(f"not a request: {request!r}")

    def _answer(
        self, member: Member[C], request: m.Ping | m.HistoryRequest | Who | Help
    ) -> m.Event | LocalEvent:
        match request:
            case m.Ping():
                return m.Pong()
            case m.HistoryRequest(before=before, limit=limit):
                return self._replay.page(self._history.last + 1 if before is None else before, limit)
            case Who():
                names = self._members.names()
                return MemberList(first_names(names[:_MAX_LISTED], MAX_LINE), len(names))
            case Help():
                return HelpText(member.moderator)

    def _show(self, number: int) -> m.Event:
        try:
            message = find_message(self._history, number)
        except Unavailable as error:
            return m.Error("unavailable", str(error))
        return m.HistoryPage([message], False) if message else m.Error("no_message", str(number))

    def _notify_typing(self, connection: C, member: Member[C]) -> list[Outcome[C]]:
        now = self._clock()
        if now - member.typed_at < _TYPING_INTERVAL or self._sanctions.mutes.find(
            member.keys, member.session
        ):
            return []
        member.typed_at = now
        return [Outcome(connection, (), [m.Typing(member.name)])]

    def _reject(self, connection: C, request: BadMessage) -> list[Outcome[C]]:
        """Answer a command that could not be parsed. Invalid UTF-8 ends the connection."""
        if request.code == "bad_utf8":
            return self.leave(connection, hold_name=True, bye="bad_utf8")
        return [_error(connection, request.code, request.text, request.ref)]

    def _join_new(self, connection: C, request: m.Join | TextJoin, secret: str) -> list[Outcome[C]]:
        max_name = self._config.max_name
        try:
            name = parse_name(request.name, max_name)
        except BadName as error:
            return [_error(connection, error.code, error.text)]
        if ban := self._sanctions.bans.people.find(name.keys, session_digest(secret)):
            return self._refuse_banned(connection, ban)
        if (other := self._members.by_name(name.keys)) is not None:
            if not is_same(name.shown, other.name):  # no suggestion: with a number it would look alike too
                return [_error(connection, "name_taken", "somebody here has a name that looks like it")]
            free = suggest(name, self._members.keys, max_name)
            return [_error(connection, "name_taken", "somebody here has this name", suggestion=free)]
        # A secret from before a restart is kept, so that refs already used with it stay known.
        secret = secret if len(secret) >= _MIN_SECRET_LENGTH else secrets.token_urlsafe(18)
        session = session_digest(secret) if isinstance(request, m.Join) else None
        member = Member[C](name.shown, name.keys, session)
        self._members.add(member)
        if isinstance(request, m.Join) and request.quiet:
            member.announced = False
            return [self._begin_visit(connection, member, secret)]
        self._members.attach(connection, member)
        answer: list[m.Event | LocalEvent] = []
        if isinstance(request, m.Join) and session is not None:
            self._history.set_presence(session, member.name)
            answer.append(self._welcome(member, request, secret))
        else:
            others = self._members.names()[:-1]
            answer.append(Greeting(first_names(others[:_MAX_GREETED], _MAX_GREETED_BYTES), len(others)))
        return [Outcome(connection, answer, [m.Joined(member.name, m.timestamp())], AudienceChange.JOIN)]

    def _resume(self, connection: C, member: Member[C], request: m.Join, secret: str) -> list[Outcome[C]]:
        """Add a connection to a member; the room is sent nothing, unless it had only quiet ones."""
        outcomes: list[Outcome[C]] = []
        connections = member.quiet if request.quiet else member.connections
        if len(connections) >= _MAX_CONNECTIONS_PER_MEMBER:
            outcomes += self.leave(next(iter(connections)), hold_name=False, bye="replaced")
        member.admitted = True
        if request.quiet:
            return [*outcomes, self._begin_visit(connection, member, secret)]
        shared = []
        if not member.announced:
            self._members.announce(member)
            self._history.set_presence(session_digest(secret), member.name)
            shared.append(m.Joined(member.name, m.timestamp()))
        self._members.attach(connection, member)
        welcome = self._welcome(member, request, secret)
        return [*outcomes, Outcome(connection, [welcome], shared, AudienceChange.JOIN)]

    def _begin_visit(self, connection: C, member: Member[C], secret: str) -> Outcome[C]:
        """Add a quiet connection: it is not in the audience, and its welcome has no members or messages."""
        self._members.attach_quiet(connection, member, Visit(self._clock()))
        epoch, last = self._history.epoch, self._history.last
        return Outcome(
            connection, [m.Welcome(member.name, secret, epoch, last, (), (), 0, False, self._limits)]
        )

    def _end_visit(self, connection: C, bye: str | None) -> list[Outcome[C]]:
        member = self._members.detach(connection)
        if member is not None and not (member.announced or member.quiet):
            self._members.remove(member)
        return [Outcome(connection, [m.Bye(bye)] if bye else [], (), AudienceChange.LEAVE)]

    def _refuse_banned(self, connection: C, ban: Sanction) -> list[Outcome[C]]:
        answer: list[m.Event] = [ban_error(self._sanctions.seconds_left(ban)), m.Bye("banned")]
        return [Outcome(connection, answer, (), AudienceChange.LEAVE)]

    def _restore_presence(self) -> None:
        """Hold the names of those who were members when the server ended, for the grace period."""
        for session, name in self._history.present():
            try:
                keys = parse_name(name, self._config.max_name).keys
            except BadName:  # the limits may have changed
                keys = ()
            banned = self._sanctions.bans.people.find(keys, session)
            if not keys or banned or self._members.by_name(keys):
                self._history.set_presence(session, None)
            else:
                # Not admitted without the password, which may have changed.
                member = Member[C](name, keys, session, admitted=False)
                self._members.add(member)
                for departure in self._hold_name(member, None):
                    self._remove(*departure)

    def _has_password(self, request: m.Join | TextJoin) -> bool:
        return not self._password or self._password.matches(request.password)

    def _hold_name(self, member: Member[C], reason: str | None, address: str = "") -> list[Departure[C]]:
        key = rate_limit_key(address, self._config.trusted_proxies) or ""
        return self._members.hold_name(member, self._clock() + self._config.grace, reason, key)

    def _expel(self, member: Member[C], reason: str, answer: Sequence[m.Event] = ()) -> list[Outcome[C]]:
        """Remove a member, connected or in its grace period.

        Each of its connections is sent `answer` before the `bye`.
        """
        is_absent = member.announced and not member.connections
        outcomes = [
            outcome._replace(answer=[*answer, *outcome.answer])
            for connection in (*member.quiet, *member.connections)
            for outcome in self.leave(connection, hold_name=False, bye=reason, reason=reason)
        ]
        return [*outcomes, Outcome(None, (), [self._remove(member, reason)])] if is_absent else outcomes

    def _remove(self, member: Member[C], reason: str | None) -> m.Left:
        self._members.remove(member)
        if member.session is not None:
            self._history.set_presence(member.session, None)
        return m.Left(member.name, m.timestamp(), reason)

    def _welcome(self, member: Member[C], request: m.Join, secret: str) -> m.Welcome:
        wanted = self._config.replay if request.history is None else request.history
        page, missed = self._replay.unseen(request.since, wanted)
        names = self._members.names()
        members = first_names(names, _MAX_MEMBERS_BYTES)
        return m.Welcome(
            name=member.name,
            session=secret,
            epoch=self._history.epoch,
            last=self._history.last,
            members=members,
            count=len(names) if len(members) < len(names) else None,
            messages=page.messages,
            missed=missed,
            more=page.more,
            limits=self._limits,
            moderated=bool(self._config.moderator_password),
            moderator=member.moderator,
            muted=self._sanctions.muted() if member.moderator else (),
        )


def _error(
    connection: C, code: str, text: str, ref: str | None = None, suggestion: str | None = None
) -> Outcome[C]:
    return Outcome(connection, [m.Error(code, text, ref, suggestion=suggestion)])


def _refuse_password(connection: C, request: m.Join | TextJoin) -> list[Outcome[C]]:
    """Answer that the password is missing or wrong; a text dialect is then asked for it again."""
    required = m.Error("password_required", "the room has a password")
    if not request.password:
        return [Outcome(connection, [required])]
    wrong = m.Error("password_wrong", "this is not the room's password")
    return [Outcome(connection, [wrong] if isinstance(request, m.Join) else [wrong, required])]
