"""Joining: from a request to a proposal, and from its effect to a welcome or a greeting.

Not thread-safe: the caller holds the sequencer's room lock.
"""

import secrets
from collections.abc import Sequence
from typing import Generic, NamedTuple

from chat_protocol import messages as m
from chat_protocol.contract import MAX_LINE
from tcp_server.config import Config
from tcp_server.log.replay import Replay
from tcp_server.room.codes import code_digest
from tcp_server.room.commands import Greeting, LocalEvent, TextJoin
from tcp_server.room.crowd import Crowd
from tcp_server.room.effects import Answer, Entered, NameTaken
from tcp_server.room.fold import Fold
from tcp_server.room.marks import Marks
from tcp_server.room.members import Member, first_names
from tcp_server.room.names import BadName, Name, is_same, parse_name, suggest
from tcp_server.room.outcome import C
from tcp_server.room.passwords import Password, session_digest
from tcp_server.room.proposals import Join
from tcp_server.room.reserved_names import ReservedNames
from tcp_server.room.seats import Seats

_MIN_SECRET_LENGTH = 16
"""Shortest session secret, in characters; a shorter one could be guessed and is replaced."""

_MAX_SHOWN = 8
_MAX_SHOWN_BYTES = 512
"""Most names that those are told who have not joined, and most bytes they have together."""

_MAX_GREETED = 10
_MAX_GREETED_BYTES = 1024
"""Most names in a greeting, and most bytes they have together."""


class _Arrival(NamedTuple):
    """A join that is proposed: what was asked, under which name, and the secret of the session.

    `reserved`: it has shown the token of the name. `read` is the newest id that was read on the
    device whose code it has shown.
    """

    request: m.Join | TextJoin
    name: Name
    secret: str
    reserved: bool
    read: int | None


class Arrivals(Generic[C]):
    """The joins that are proposed and not applied yet."""

    def __init__(  # noqa: PLR0913, PLR0917 - each is another part of the room
        self, config: Config, fold: Fold, seats: Seats[C], replay: Replay, crowd: Crowd, marks: Marks
    ) -> None:
        self._fold = fold
        self._seats = seats
        self._replay = replay
        self._crowd = crowd
        self._marks = marks
        self._open(config)
        self.use(config)
        self.waiting: dict[C, _Arrival] = {}
        """By connection; only to be read from elsewhere."""

    def use(self, config: Config) -> None:
        """Use other limits from now on."""
        self._config = config
        edit_time = int(config.edit_time)
        self._limits = m.Limits(config.max_name, config.max_text, MAX_LINE, config.max_replay, edit_time)
        self._can = _can(keeps=config.history != "off", edits=edit_time > 0)

    def _open(self, config: Config) -> None:
        self._password = Password(config.password)  # the room's, which a newcomer needs
        self._moderated = bool(config.moderator_password)
        self._reserved = ReservedNames(config.reserve, config.max_name)
        self._title, self._welcome = config.title, config.welcome

    def reopen(self, config: Config) -> bool:
        """Use other passwords, title and welcome from now on; return whether one of the latter two is new."""
        before = self._title, self._welcome
        self._open(config)
        return (self._title, self._welcome) != before

    def about(self) -> m.About:
        """Return what everybody may know of the room."""
        members = self._fold.members
        names = () if self._password else members.page(_MAX_SHOWN)[0]
        return m.About(
            self._title,
            self._welcome,
            members.count,
            first_names(names, _MAX_SHOWN_BYTES),
            bool(self._password),
        )

    def begin(self, connection: C, request: m.Join | TextJoin) -> Join | Sequence[m.Event]:
        """Return what to propose, or the errors that refuse a join.

        Without the right password, no answer depends on the members.
        """
        secret = (request.session or "") if isinstance(request, m.Join) else ""
        # A secret from before a restart is kept, so that refs already used with it stay known.
        secret = secret if len(secret) >= _MIN_SECRET_LENGTH else secrets.token_urlsafe(18)
        session = session_digest(secret) if isinstance(request, m.Join) else None
        code = code_digest(request.code) if request.code else b""
        linked = self._fold.persons.by_code(code, self._fold.moment.now) if code else None
        # A client whose first welcome was lost shows the used code again, and with it the same secret.
        returning = self._fold.persons.by_used_code(code, session, self._fold.moment.now) if code else None
        if code and not (linked or returning):
            return [m.Error("bad_code", "the code is wrong, used, or too old")]
        owner = linked[1] if linked else returning  # of the code
        person = linked[0] if linked else session and self._fold.persons.of(session, self._fold.moment.now)
        member = self._fold.members.by_person(person)
        wanted = request.name or (owner.called if owner else "")
        token = request.token if isinstance(request, m.Join) else None
        try:
            is_program = bool(token) and self._reserved.admits(self._parse(wanted), token)
            is_known = (member and member.admitted) or linked or is_program
            if not is_known and not self._has_password(request):
                return _refuse_password(request)
            name = _name_of(member) if member else self._parse(wanted)
        except BadName as error:
            return [m.Error(error.code, error.text)]
        if name in self._reserved and not member and not is_program:
            return [m.Error("name_reserved", "the name is kept for a program")]
        read = owner.read if owner else None
        self.waiting[connection] = _Arrival(request, name, secret, is_program, read)
        quiet = isinstance(request, m.Join) and request.quiet
        seat = self._seats.take(connection, in_text=isinstance(request, TextJoin))
        return Join(seat, session, name.shown, name.keys, quiet, code if linked else b"")

    def answer(self, connection: C, answer: Sequence[Answer]) -> Sequence[Answer | LocalEvent]:
        """Return what to send a connection that was sent `answer`; a join that was applied ends here."""
        return [event for one in answer for event in self._finish(connection, one)]

    def _finish(self, connection: C, answer: Answer) -> Sequence[Answer | LocalEvent]:
        match answer:
            case NameTaken(by, is_held):
                arrival = self.waiting.pop(connection)
                self._seats.free(connection)
                return [self._name_taken(arrival.name, by, is_held=is_held)]
            case Entered():
                arrival = self.waiting.pop(connection)
                member = self._fold.members.by_number(answer.member)
                return [self._greet(member, arrival, answer)] if member else []
            case m.Error(code="bad_code"):
                self.waiting.pop(connection)
                self._seats.free(connection)
                return [answer]
            case m.Bye():
                self.waiting.pop(connection, None)
                return [answer]
            case _:
                return [answer]

    def _parse(self, name: str) -> Name:
        """Raises `BadName`."""
        return parse_name(name, self._config.max_name)

    def _has_password(self, request: m.Join | TextJoin) -> bool:
        return not self._password or self._password.matches(request.password)

    def _name_taken(self, name: Name, by: str, *, is_held: bool) -> m.Error:
        free = suggest(name, self._config.max_name, self._is_free)
        if is_held:
            return m.Error("name_taken", "this name is kept for somebody who is away", suggestion=free)
        if not is_same(name.shown, by):  # no suggestion: with a number it would look alike too
            return m.Error("name_taken", "somebody here has a name that looks like it")
        return m.Error("name_taken", "somebody here has this name", suggestion=free)

    def _is_free(self, name: Name) -> bool:
        """Return whether a person who has only this name can join with it."""
        fold = self._fold
        if name in self._reserved or fold.sanctions.bans.people.find(name.keys, None, fold.moment.now):
            return False
        return not any(key in fold.members.keys or key in fold.persons.keys for key in name.keys)

    def _greet(self, member: Member, arrival: _Arrival, entered: Entered) -> m.Event | LocalEvent:
        request = arrival.request
        if isinstance(request, m.Join):
            return self._welcome_of(member, request, arrival, entered)
        members = self._fold.members
        others = [name for name in members.names(_MAX_GREETED + 1) if name != member.name][:_MAX_GREETED]
        own = member.name if request.code else ""
        room = " — ".join(filter(None, (self._title, self._welcome)))
        names, topic = first_names(others, _MAX_GREETED_BYTES), self._fold.topic.value
        return Greeting(names, members.count - 1, own, room, topic)

    def _welcome_of(self, member: Member, request: m.Join, arrival: _Arrival, entered: Entered) -> m.Welcome:
        history, secret = self._fold.history, arrival.secret
        members, count = self._crowd.members_for(member)
        if request.quiet:
            return m.Welcome(
                *(member.name, secret, history.epoch, history.last, members, (), 0, False, self._limits),
                count=count,
                can=self._can,
                title=self._title,
                welcome=self._welcome,
                reserved=arrival.reserved,
            )
        wanted = self._config.replay if request.history is None else request.history
        page, missed, changed, is_stale = self._replay.unseen(request.since, wanted, member.person)
        return m.Welcome(
            name=member.name,
            session=secret,
            epoch=history.epoch,
            last=history.last,
            members=members,
            count=count,
            messages=page.messages,
            missed=missed,
            more=page.more,
            limits=self._limits,
            moderated=self._moderated,
            moderator=member.moderator,
            muted=self._fold.role().muted if member.moderator else (),
            can=self._can,
            changed=changed,
            stale=is_stale,
            read=arrival.read,
            resumed=entered.resumed,
            topic=self._fold.topic.value,
            marked=() if self._crowd.is_on else self._marks.marked(),
            title=self._title,
            welcome=self._welcome,
            reserved=arrival.reserved,
        )


def _can(*, keeps: bool, edits: bool) -> Sequence[str]:
    """Return what the `can` of a welcome says; nothing can be done to messages that are not kept."""
    always = ("action", "mention", "link", "topic", "away")
    if not keeps:
        return always
    return ("reply", *(("edit",) if edits else ()), "delete", "react", *always, "live")


def _name_of(member: Member) -> Name:
    key, look = member.keys[0], member.keys[-1]
    return Name(member.name, key, look)


def _refuse_password(request: m.Join | TextJoin) -> Sequence[m.Event]:
    """Answer that the password is missing or wrong; a text dialect is then asked for it again."""
    required = m.Error("password_required", "the room has a password")
    if not request.password:
        return [required]
    wrong = m.Error("password_wrong", "this is not the room's password")
    return [wrong] if isinstance(request, m.Join) else [wrong, required]
