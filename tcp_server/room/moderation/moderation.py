"""Commands of moderators: each is planned, recorded in the audit log, applied and announced, in this order.

Not thread-safe: the caller holds the sequencer's room lock.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Generic

from chat_protocol import messages as m
from chat_protocol.text import one_line
from tcp_server.config import Config
from tcp_server.log.history import History, Unavailable
from tcp_server.room.members import Member
from tcp_server.room.moderation import notices
from tcp_server.room.moderation.actions import ModerationRequest, ModeratorActions, Refused
from tcp_server.room.moderation.audit_log import Entry
from tcp_server.room.moderation.bans import Sanction
from tcp_server.room.moderation.sanctions import Sanctions
from tcp_server.room.outcome import C, Outcome
from tcp_server.room.passwords import Password

_Command = m.Authenticate | m.Moderate | m.Whois | m.Bans

_MAX_BANS = 1000
_MAX_BYTES = 256 * 1024
"""Most bans in one answer, and about how many bytes they may have."""

_SANCTIONING = frozenset({"ban", "unban", "mute", "unmute"})
"""Actions that change the sanctions in force."""

_ENTRY_BYTES = 200
"""About how many bytes a ban has without its target and reason."""


class Moderation(Generic[C]):
    """Handles the commands of moderators, and `authenticate`."""

    def __init__(
        self,
        config: Config,
        history: History,
        sanctions: Sanctions,
        actions: ModeratorActions[C],
        expel: Callable[[Member[C], str, Sequence[m.Event]], Sequence[Outcome[C]]],
    ) -> None:
        """`expel` removes a member for a reason; each of its connections is sent the events first."""
        self._history = history
        self._sanctions = sanctions
        self._actions = actions
        self._expel = expel
        self._password = Password(config.moderator_password)

    def handle(self, connection: C, member: Member[C], command: _Command) -> list[Outcome[C]]:
        """Run a command; answer with an error if it is refused."""
        try:
            return self._handle(connection, member, command)
        except Refused as error:
            return [Outcome(connection, [m.Error(error.code, error.text)])]
        except Unavailable as error:
            return [Outcome(connection, [m.Error("unavailable", str(error))])]

    def _handle(self, connection: C, member: Member[C], command: _Command) -> list[Outcome[C]]:
        """Raises `Refused`, `Unavailable`."""
        if isinstance(command, m.Authenticate):
            return self._authenticate(connection, member, command)
        if not member.moderator:
            raise Refused("not_moderator", "only moderators may do this")
        match command:
            case m.Moderate():
                return self._moderate(connection, member, command)
            case m.Whois(name=name):
                found = self._actions.find_member(one_line(name))
                return [Outcome(connection, [m.Whois(found.name, self._actions.addresses_of(found))])]
            case m.Bans():
                return [Outcome(connection, [_list(self._sanctions.bans)])]

    def _authenticate(self, connection: C, member: Member[C], command: m.Authenticate) -> list[Outcome[C]]:
        """Make a member a moderator, on all connections. Raises `Refused`, `Unavailable`."""
        if not self._password.matches(command.password):
            raise Refused("password_wrong", "this is not the moderators' password")
        role = m.Role(moderator=True, muted=self._sanctions.muted())
        if member.moderator:
            return [Outcome(connection, [role])]
        address = self._actions.address_of(connection)
        self._sanctions.record(Entry(m.timestamp(), "moderator", member.name, address))
        member.moderator = True
        others = [other for other in member.connections if other != connection]
        return [Outcome(each, [role]) for each in (connection, *others)]

    def _moderate(self, connection: C, member: Member[C], command: m.Moderate) -> list[Outcome[C]]:
        """Plan an action, record it, apply it, and tell the room. Raises `Refused`, `Unavailable`.

        If the notice cannot be committed then, only a deletion is undone: other actions stay.
        """
        request = ModerationRequest(
            connection, member, m.timestamp(), command, one_line(command.target), one_line(command.text)
        )
        action = self._actions.plan(request)
        self._sanctions.record(self._actions.entry(request, action))
        action.apply()
        if command.act in _SANCTIONING:
            self._sanctions.save(request.at)
        reason, answer = ("banned", [ban_error(command.seconds)]) if command.act == "ban" else ("kicked", [])
        expelled = [outcome for other in action.expelled for outcome in self._expel(other, reason, answer)]
        notice = notices.append(action.notice, request.at, self._history)
        ack = [] if command.ref is None else [m.Ack(command.ref, notice.id, notice.at)]
        return [Outcome(connection, [notice, *ack], [notice]), *expelled]


def ban_error(seconds: float | None) -> m.Error:
    """Return the error that a banned person is sent before the `bye`; None means for ever."""
    return m.Error("banned", "you are banned", retry_after=seconds)


def _list(bans: Iterable[Sanction]) -> m.Bans:
    """Return the newest bans, as many as fit into one answer, the oldest first."""
    kept = sorted(bans, key=lambda ban: ban.at)
    size = 0
    for count, ban in enumerate(reversed(kept)):
        size += 2 * (len(ban.target) + len(ban.text)) + _ENTRY_BYTES
        if count == _MAX_BANS or (count and size > _MAX_BYTES):
            return m.Bans(list(map(_ban_entry, kept[-count:])), more=True)
    return m.Bans(list(map(_ban_entry, kept)))


def _ban_entry(ban: Sanction) -> m.BanEntry:
    until = None if ban.until is None else m.timestamp(ban.until)
    return m.BanEntry(ban.target, ban.at, until, ban.by, ban.text)
