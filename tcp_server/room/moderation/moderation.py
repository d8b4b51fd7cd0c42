"""What moderators ask for: who may, in which order it is recorded, done and told.

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
from tcp_server.room.moderation.actions import Acts, Order, Refused
from tcp_server.room.moderation.audit_log import Entry
from tcp_server.room.moderation.bans import Sentence
from tcp_server.room.moderation.sanctions import Verdicts
from tcp_server.room.outcome import Connection, Outcome
from tcp_server.room.passwords import Password


class Moderation(Generic[Connection]):
    """What those may do who know the moderators' password."""

    def __init__(
        self,
        config: Config,
        history: History,
        verdicts: Verdicts,
        acts: Acts[Connection],
        expel: Callable[[Member[Connection], str, Sequence[m.Event]], Sequence[Outcome[Connection]]],
    ) -> None:
        """`expel` takes a member out, for a reason, with all connections, each being told why."""
        self._history = history
        self._verdicts = verdicts
        self._acts = acts
        self._expel = expel
        self._password = Password(config.moderator_password)

    def handle(
        self,
        connection: Connection,
        member: Member[Connection],
        wish: m.Authenticate | m.Moderate | m.Whois | m.Bans,
    ) -> list[Outcome[Connection]]:
        """Do what is asked for, or say why not."""
        try:
            return self._do(connection, member, wish)
        except Refused as error:
            return [Outcome(connection, [m.Error(error.code, error.text)])]
        except Unavailable as error:
            return [Outcome(connection, [m.Error("unavailable", str(error))])]

    def _do(
        self,
        connection: Connection,
        member: Member[Connection],
        wish: m.Authenticate | m.Moderate | m.Whois | m.Bans,
    ) -> list[Outcome[Connection]]:
        """Raises `Refused`, `Unavailable`."""
        if isinstance(wish, m.Authenticate):
            return self._authenticate(connection, member, wish)
        if not member.moderator:
            raise Refused("not_moderator", "only a moderator may")
        match wish:
            case m.Moderate():
                return self._moderate(connection, member, wish)
            case m.Whois(name=name):
                found = self._acts.somebody(one_line(name))
                return [Outcome(connection, [m.Whois(found.shown, self._acts.addresses(found))])]
            case m.Bans():
                return [Outcome(connection, [self._bans()])]

    def _authenticate(
        self, connection: Connection, member: Member[Connection], wish: m.Authenticate
    ) -> list[Outcome[Connection]]:
        """Make a member a moderator, on all connections. Raises `Refused`, `Unavailable`."""
        if not self._password.fits(wish.password):
            raise Refused("password_wrong", "this does not make anybody a moderator")
        if member.moderator:
            return [Outcome(connection, [m.Role(moderator=True)])]
        address = self._acts.address_of(connection)
        self._verdicts.record(Entry(m.timestamp(), "moderator", member.shown, address))
        member.moderator = True
        others = [other for other in member.connections if other != connection]
        return [Outcome(each, [m.Role(moderator=True)]) for each in (connection, *others)]

    def _moderate(
        self, connection: Connection, member: Member[Connection], wish: m.Moderate
    ) -> list[Outcome[Connection]]:
        """Record an act, do it, and tell the room, in this order. Raises `Refused`, `Unavailable`.

        Where the log can then not take the notice, the act stands all the same, but for a deletion.
        """
        order = Order(connection, member, m.timestamp(), wish, one_line(wish.target), one_line(wish.text))
        deed = self._acts.read(order)
        self._verdicts.record(self._acts.entry(order, deed))
        deed.do()
        reason, why = ("banned", [kept_out(wish.seconds)]) if wish.act == "ban" else ("kicked", [])
        gone = [outcome for other in deed.out for outcome in self._expel(other, reason, why)]
        told = notices.append(deed.notice, order.at, self._history)
        ack = [] if wish.ref is None else [m.Ack(wish.ref, told.id, told.at)]
        return [Outcome(connection, [told, *ack], [told]), *gone]

    def _bans(self) -> m.Bans:
        """Return who is kept out, the oldest ban first."""
        return m.Bans(list(map(_entry, sorted(self._verdicts.bans, key=lambda ban: ban.at))))


def kept_out(seconds: float | None) -> m.Error:
    """Return what somebody banned hears before the goodbye; None is for good."""
    return m.Error("banned", "you are kept out", retry_after=seconds)


def _entry(ban: Sentence) -> m.BanEntry:
    until = None if ban.until is None else m.timestamp(ban.until)
    return m.BanEntry(ban.target, ban.at, until, ban.by, ban.text)
