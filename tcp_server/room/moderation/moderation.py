"""What moderators ask for: who may, in which request it is recorded, done and told.

Not thread-safe: owned by whoever holds the sequencer, like the room it belongs to.
"""

from collections.abc import Callable, Sequence
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
from tcp_server.room.outcome import Connection, Outcome
from tcp_server.room.passwords import Password


class Moderation(Generic[Connection]):
    """What those may do who know the moderators' password."""

    def __init__(
        self,
        config: Config,
        history: History,
        sanctions: Sanctions,
        actions: ModeratorActions[Connection],
        expel: Callable[[Member[Connection], str, Sequence[m.Event]], Sequence[Outcome[Connection]]],
    ) -> None:
        """`expel` takes a member out, for a reason, with all connections, each being told why."""
        self._history = history
        self._sanctions = sanctions
        self._actions = actions
        self._expel = expel
        self._password = Password(config.moderator_password)

    def handle(
        self,
        connection: Connection,
        member: Member[Connection],
        command: m.Authenticate | m.Moderate | m.Whois | m.Bans,
    ) -> list[Outcome[Connection]]:
        """Do what is asked for, or say why not."""
        try:
            return self._do(connection, member, command)
        except Refused as error:
            return [Outcome(connection, [m.Error(error.code, error.text)])]
        except Unavailable as error:
            return [Outcome(connection, [m.Error("unavailable", str(error))])]

    def _do(
        self,
        connection: Connection,
        member: Member[Connection],
        command: m.Authenticate | m.Moderate | m.Whois | m.Bans,
    ) -> list[Outcome[Connection]]:
        """Raises `Refused`, `Unavailable`."""
        if isinstance(command, m.Authenticate):
            return self._authenticate(connection, member, command)
        if not member.moderator:
            raise Refused("not_moderator", "only a moderator may")
        match command:
            case m.Moderate():
                return self._moderate(connection, member, command)
            case m.Whois(name=name):
                found = self._actions.somebody(one_line(name))
                return [Outcome(connection, [m.Whois(found.shown, self._actions.addresses(found))])]
            case m.Bans():
                return [Outcome(connection, [self._bans()])]

    def _authenticate(
        self, connection: Connection, member: Member[Connection], command: m.Authenticate
    ) -> list[Outcome[Connection]]:
        """Make a member a moderator, on all connections. Raises `Refused`, `Unavailable`."""
        if not self._password.fits(command.password):
            raise Refused("password_wrong", "this does not make anybody a moderator")
        if member.moderator:
            return [Outcome(connection, [m.Role(moderator=True)])]
        address = self._actions.address_of(connection)
        self._sanctions.record(Entry(m.timestamp(), "moderator", member.shown, address))
        member.moderator = True
        others = [other for other in member.connections if other != connection]
        return [Outcome(each, [m.Role(moderator=True)]) for each in (connection, *others)]

    def _moderate(
        self, connection: Connection, member: Member[Connection], command: m.Moderate
    ) -> list[Outcome[Connection]]:
        """Record an act, do it, and tell the room, in this request. Raises `Refused`, `Unavailable`.

        Where the log can then not take the notice, the act stands all the same, but for a deletion.
        """
        request = ModerationRequest(
            connection, member, m.timestamp(), command, one_line(command.target), one_line(command.text)
        )
        action = self._actions.plan(request)
        self._sanctions.record(self._actions.entry(request, action))
        action.do()
        reason, why = ("banned", [ban_error(command.seconds)]) if command.act == "ban" else ("kicked", [])
        gone = [outcome for other in action.out for outcome in self._expel(other, reason, why)]
        told = notices.append(action.notice, request.at, self._history)
        ack = [] if command.ref is None else [m.Ack(command.ref, told.id, told.at)]
        return [Outcome(connection, [told, *ack], [told]), *gone]

    def _bans(self) -> m.Bans:
        """Return who is kept out, the oldest ban first."""
        return m.Bans(list(map(_entry, sorted(self._sanctions.bans, key=lambda ban: ban.at))))


def ban_error(seconds: float | None) -> m.Error:
    """Return what somebody banned hears before the goodbye; None is for good."""
    return m.Error("banned", "you are kept out", retry_after=seconds)


def _entry(ban: Sanction) -> m.BanEntry:
    until = None if ban.until is None else m.timestamp(ban.until)
    return m.BanEntry(ban.target, ban.at, until, ban.by, ban.text)
