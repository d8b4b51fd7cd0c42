"""The actions of moderators, as `Fold` applies them: each is checked first, and then takes effect.

Nothing here looks at a clock, a setting or an address.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from chat_protocol import messages as m
from chat_protocol.ip import Network, parse_network
from chat_protocol.messages import timestamp
from tcp_server.log.history import History, find_message
from tcp_server.room.members import Member, Members
from tcp_server.room.moderation.bans import Sanction
from tcp_server.room.moderation.sanctions import Sanctions
from tcp_server.room.persons import Persons
from tcp_server.room.proposals import Act

_OWN_WORDS = frozenset({"announce", "topic"})
"""Actions whose text is all that their notices are for."""


class Refused(Exception):
    """A request is refused: the protocol's error code, and the reason or what was not found.

    `retry_after` is in seconds.
    """

    def __init__(self, code: str, text: str, retry_after: float | None = None) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.retry_after = retry_after


class Action(NamedTuple):
    """A checked action, which takes effect with `apply()` and the removal of `expelled`.

    `target` is for the audit log only; `member` is the one it is against, if there is one, and `session`
    that of the person. `deleted` is the message to delete behind the notice.
    """

    notice: m.Notice
    apply: Callable[[], object] = lambda: None
    target: str = ""
    member: Member | None = None
    session: bytes | None = None
    expelled: Sequence[Member] = ()
    deleted: m.Message | None = None


class _Request(NamedTuple):
    """An `Act`, the name of the moderator, and when it is applied."""

    act: Act
    by: str
    now: float

    def notice(self, target: str = "", seconds: int | None = None) -> m.Notice:
        """Return the notice that announces it."""
        message_id = self.act.id if self.act.act == "delete" else None
        return m.Notice(self.act.act, self.by, target, message_id, seconds, self.act.text)


class Actions:
    """Checks actions against the members, the log and the sanctions in force."""

    def __init__(self, members: Members, persons: Persons, history: History, sanctions: Sanctions) -> None:
        self._members = members
        self._persons = persons
        self._history = history
        self._sanctions = sanctions
        self._kinds: dict[m.Act, Callable[[_Request], Action]] = {
            "kick": self._kick,
            "ban": self._ban,
            "unban": self._unban,
            "mute": self._mute,
            "unmute": self._unmute,
            "delete": self._delete,
            "announce": lambda request: Action(request.notice()),
            "topic": lambda request: Action(request.notice()),
        }

    def check(self, act: Act, by: Member | None, now: float) -> Action:
        """Return the action; it changes nothing yet. Raises `Refused`, `Unavailable`.

        `by` is None if the server itself redoes it; `now` is in seconds since 1970.
        """
        if by is not None and not by.moderator:
            raise Refused("not_moderator", "only moderators may do this")
        return self._kinds[act.act](_Request(act, by.name if by else act.by, now))

    def _kick(self, request: _Request) -> Action:
        member = self._find_other(request.act)
        return Action(
            request.notice(member.name),
            target=member.name,
            member=member,
            session=member.session,
            expelled=[member],
        )

    def _ban(self, request: _Request) -> Action:
        act, bans = request.act, self._sanctions.bans
        if (network := _network(act)) is not None:
            ban = _sanction(request, act.target, act.keys)
            notice = request.notice(seconds=act.seconds)  # without the address
            return Action(notice, lambda: bans.put(network, ban, request.now), act.target)
        member = self._members.by_name(act.keys)
        holder = None if member else self._persons.holder(act.keys, request.now)
        if holder is not None:  # away, or here under another name
            member = self._members.by_session(holder)
        if member is not None:
            _refuse_moderator(member)
        if held := holder and self._persons.held(holder, request.now):
            ban = _sanction(request, held.name, held.keys, holder)
        elif member:
            ban = _sanction_of(request, member)
        else:
            ban = _sanction(request, act.target, act.keys)
        return Action(
            request.notice(ban.target, act.seconds),
            lambda: bans.people.put(ban, request.now),
            ban.target,
            member,
            ban.session,
            [member] if member else (),
        )

    def _unban(self, request: _Request) -> Action:
        act, bans = request.act, self._sanctions.bans
        if (network := _network(act)) is not None:
            if bans.get(network, request.now) is None:
                raise Refused("not_found", act.target)
            return Action(request.notice(), lambda: bans.lift(network, request.now), act.target)
        ban = bans.people.find(act.keys, None, request.now)
        if ban is None:
            raise Refused("not_found", act.target)
        return Action(request.notice(ban.target), lambda: bans.people.lift(ban.keys, request.now), ban.target)

    def _mute(self, request: _Request) -> Action:
        member = self._find_other(request.act)
        mute = _sanction_of(request, member)
        return Action(
            request.notice(member.name, request.act.seconds),
            lambda: self._sanctions.mutes.put(mute, request.now),
            member.name,
            member,
            member.session,
        )

    def _unmute(self, request: _Request) -> Action:
        act, mutes = request.act, self._sanctions.mutes
        member = self._members.by_name(act.keys)
        mute = mutes.find(act.keys, member.session if member else None, request.now)
        if mute is None:
            raise Refused("not_found", act.target)
        return Action(request.notice(mute.target), lambda: mutes.lift(mute.keys, request.now), mute.target)

    def _delete(self, request: _Request) -> Action:
        id_, of = request.act.id or 0, request.act.of
        if id_ >= self._history.settled:
            message = deletable(self._history, id_)
        elif of is not None:
            message = m.Message(id_, of[1], of[0], "")
        else:
            raise Refused("too_late", f"#{id_} is too old to be deleted like this")
        return Action(request.notice(), target=message.name, deleted=message)

    def _find_other(self, act: Act) -> Member:
        member = self._members.by_name(act.keys)
        if member is None:
            raise Refused("not_found", act.target)
        _refuse_moderator(member)
        return member


def deletable(history: History, message_id: int) -> m.Message:
    """Return a message that moderators may delete. Raises `Refused`, `Unavailable`."""
    message = find_message(history, message_id)
    if message is None or message.deleted:
        raise Refused("not_found", f"#{message_id}")
    if message.notice is not None and message.notice.act not in _OWN_WORDS:
        raise Refused("is_notice", "notices of other actions cannot be deleted")
    return message


def _network(act: Act) -> Network | None:
    return None if act.keys else parse_network(act.target)


def _sanction_of(request: _Request, member: Member) -> Sanction:
    """Return the sanction of a member."""
    return _sanction(request, member.name, member.keys, member.session)


def _sanction(
    request: _Request, target: str, keys: tuple[str, ...], session: bytes | None = None
) -> Sanction:
    """Return the sanction of a name, and whoever is its person, or of a network."""
    act = request.act
    until = None if act.seconds is None else request.now + act.seconds
    return Sanction(target, timestamp(request.now), until, request.by, act.text, keys, session)


def ban_error(seconds: float | None) -> m.Error:
    """Return the error that a banned person is sent before the `bye`; None means for ever."""
    return m.Error("banned", "you are banned", retry_after=seconds)


def _refuse_moderator(member: Member) -> None:
    if member.moderator:
        raise Refused("is_moderator", "moderators cannot be kicked, banned or muted")
