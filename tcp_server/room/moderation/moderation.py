"""Commands of moderators: each is checked, recorded in the audit log, and then proposed, in this order.

Not thread-safe: the caller holds the sequencer's room lock.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Generic

from msgspec.structs import replace

from chat_protocol import messages as m
from chat_protocol.contract import MAX_TOPIC
from chat_protocol.ip import (
    Network,
    format_network,
    is_in,
    parse_ip,
    parse_network,
    resembles_address,
    subscriber_network,
)
from chat_protocol.text import is_blank, one_line
from tcp_server.config import Config
from tcp_server.log.history import Unavailable
from tcp_server.room.effects import Effect
from tcp_server.room.fold import Fold
from tcp_server.room.members import Member
from tcp_server.room.moderation.actions import Action, Refused, ban_error, deletable
from tcp_server.room.moderation.audit_log import AuditLog, Entry
from tcp_server.room.moderation.bans import Sanction, is_too_wide
from tcp_server.room.moderation.recorded import keys_of
from tcp_server.room.names import BadName, parse_name
from tcp_server.room.outcome import C, Outcome
from tcp_server.room.passwords import Password
from tcp_server.room.proposals import Act, AnyProposal, Part, Role
from tcp_server.room.seats import Seats

_Command = m.Authenticate | m.Moderate | m.Whois | m.Bans

_DEFAULT_MUTE = 600
"""Default duration of a mute, in seconds."""

_MAX_BANS = 1000
_MAX_BYTES = 256 * 1024
"""Most bans in one answer, and about how many bytes they may have."""

_ENTRY_BYTES = 200
"""About how many bytes a ban has without its target and reason."""


class Moderation(Generic[C]):
    """Handles the commands of moderators, and `authenticate`."""

    def __init__(
        self,
        config: Config,
        fold: Fold,
        audit_log: AuditLog,
        seats: Seats[C],
        propose: Callable[[AnyProposal], list[Outcome[C]]],
    ) -> None:
        """`propose` applies a proposal; it may raise `Unavailable`."""
        self.config = config
        """The settings; only to be set from elsewhere."""
        self._fold = fold
        self._audit_log = audit_log
        self._seats = seats
        self._propose = propose
        self.password = Password(config.moderator_password)
        """The moderators'."""

    def handle(self, connection: C, member: Member, command: _Command) -> list[Outcome[C]]:
        """Run a command at the time of the fold; answer with an error if it is refused."""
        try:
            return self._handle(connection, member, command)
        except Refused as error:
            return [Outcome(connection, [m.Error(error.code, error.text)])]
        except Unavailable as error:
            return [Outcome(connection, [m.Error("unavailable", str(error))])]

    def _handle(self, connection: C, member: Member, command: _Command) -> list[Outcome[C]]:
        """Raises `Refused`, `Unavailable`."""
        if isinstance(command, m.Authenticate):
            return self._authenticate(connection, member, command)
        if isinstance(command, m.Moderate) and (known := self._acked(member, command)):
            return [Outcome(connection, [known])]  # also to who is no moderator any more
        if not member.moderator:
            raise Refused("not_moderator", "only moderators may do this")
        match command:
            case m.Moderate():
                return self._moderate(connection, member, command)
            case m.Whois(name=name):
                return [Outcome(connection, [self._whois(one_line(name))])]
            case m.Bans():
                bans, _ = self._fold.sanctions.in_force(self._fold.moment.now)
                return [Outcome(connection, [_list(bans)])]

    def _acked(self, member: Member, command: m.Moderate) -> m.Ack | None:
        """Return the first ack of a command that is repeated. Raises `Unavailable`."""
        refs = [] if command.ref is None else [command.ref]
        return next(iter(self._fold.history.find_acks(member.person, refs).values()), None)

    def _whois(self, name: str) -> m.Whois:
        """Raises `Refused`."""
        member = self._fold.members.by_name(self._parse_name(name))
        if member is None:
            raise Refused("not_found", name)
        at = m.timestamp(member.since) if member.since else None
        return m.Whois(member.name, self._seats.addresses_of(member), at)

    def _authenticate(self, connection: C, member: Member, command: m.Authenticate) -> list[Outcome[C]]:
        """Make a member a moderator, on all connections. Raises `Refused`, `Unavailable`."""
        if not self.password.matches(command.password):
            raise Refused("password_wrong", "this is not the moderators' password")
        if member.moderator:
            return [Outcome(connection, [self._fold.role()])]
        address = self._seats.address_of(connection)
        self._audit_log.record(Entry(self._fold.moment.at, "moderator", member.name, address))
        return self._propose(Role(self._seats.number(connection)))

    def _moderate(self, connection: C, member: Member, command: m.Moderate) -> list[Outcome[C]]:
        """Check an action, record it, and propose it. Raises `Refused`, `Unavailable`.

        If its notice cannot be committed then, only a deletion is undone: other actions stay.
        """
        act = self._parse(connection, member, command)
        action = self._fold.actions.check(act, member, self._fold.moment.now)
        self._audit_log.record(self._entry(connection, member, act, action))
        outcomes = self._propose(act)
        return [*outcomes, *self._expel_from(act)] if outcomes else []  # else it is applied later

    def expel_banned(
        self,
        proposals: Iterable[AnyProposal],
        effects_of: Iterable[Sequence[Effect]],
        entered: Iterable[C],
    ) -> list[Outcome[C]]:
        """Propose that those leave whose network is banned by what was applied: `effects_of` each proposal.

        `entered` have joined with it: their network may have been banned while that was on its way.
        """
        outcomes = []
        for act, effects in zip(proposals, effects_of, strict=False):  # none, if the entry does not count
            if isinstance(act, Act) and effects and effects[0].shared:  # neither refused nor repeated
                outcomes += self._expel_from(act)
        now = self._fold.moment.now
        for connection in filter(self._may_be_expelled, entered):
            if ban := self._fold.sanctions.bans.find(self._seats.address_of(connection), now):
                outcomes += self._expel(connection, ban.seconds_left(now))
        return outcomes

    def _may_be_expelled(self, connection: C) -> bool:
        seat = self._seats.of(connection)
        member = None if seat is None else self._fold.members.by_seat(seat)
        return member is not None and not member.moderator

    def _expel_from(self, act: Act) -> list[Outcome[C]]:
        """Propose that those leave who are connected here from a network, if an action has banned it."""
        if act.act != "ban" or act.keys or (network := parse_network(act.target)) is None:
            return []
        return [one for other in self._connected_from(network) for one in self._expel(other, act.seconds)]

    def _expel(self, connection: C, seconds: float | None) -> list[Outcome[C]]:
        part = Part(self._seats.number(connection), hold_name=False, bye="banned", reason="banned")
        return [Outcome(connection, [ban_error(seconds)]), *self._propose(part)]

    def _entry(self, connection: C, by: Member, act: Act, action: Action) -> Entry:
        """Return the entry of an action in the audit log."""
        member = action.member
        return Entry(
            at=self._fold.moment.at,
            act=act.act,
            by=by.name,
            address=self._seats.address_of(connection),
            target=action.target,
            addresses=self._seats.addresses_of(member) if member else (),
            session=action.session.hex() if action.session else "",
            id=action.notice.id,
            seconds=action.notice.seconds,
            text=act.text,
        )

    # --- from a command to a proposal ------------------------------------------------

    def _parse(self, connection: C, member: Member, command: m.Moderate) -> Act:
        """Return the action that a command asks for. Raises `Refused`."""
        target, text = one_line(command.target), one_line(command.text)
        if len(text) > self.config.max_text:
            raise Refused("too_long", f"a text has at most {self.config.max_text} characters")
        act = Act(
            self._seats.number(connection), command.act, target, (), None, command.seconds, text, command.ref
        )
        match command.act:
            case "announce" if is_blank(text):
                raise Refused("blank", "the text is blank")
            case "announce":
                return act
            case "topic":
                return self._with_topic(act)
            case "delete" if command.id is None:
                raise Refused("bad_field", "a deletion needs an id")
            case "delete":
                message = deletable(self._fold.history, command.id or 0)
                return replace(act, id=command.id, of=(message.name, message.at))
            case "ban" | "unban":
                return self._with_target(act, member)
            case "mute":
                return replace(act, keys=self._parse_name(target), seconds=act.seconds or _DEFAULT_MUTE)
            case "unmute":
                return replace(act, keys=keys_of(target))
            case _:
                return replace(act, keys=self._parse_name(target))

    def _with_topic(self, act: Act) -> Act:
        """Return a topic, or its end without a text. Raises `Refused`."""
        if len(act.text) > MAX_TOPIC:
            raise Refused("too_long", f"a topic has at most {MAX_TOPIC} characters")
        if not is_blank(act.text):
            return act
        if self._fold.topic.value is None:
            raise Refused("no_topic", "no topic is set")
        return replace(act, text="")

    def _with_target(self, act: Act, member: Member) -> Act:
        """Return a ban or its end with the network, or with the keys of the name. Raises `Refused`."""
        target = act.target
        if (network := parse_network(target)) is not None:
            network = subscriber_network(network)
            if act.act == "ban":
                self._check_network(network, member)
            elif self._fold.sanctions.bans.get(network, self._fold.moment.now) is None:
                raise Refused("not_found", target)
            return replace(act, target=format_network(network))
        if act.act == "unban":
            keys = keys_of(target)
            known = self._fold.sanctions.bans.people.find(keys, None, self._fold.moment.now) is not None
        else:
            if parse_network(target.partition("/")[0]) is not None:
                raise Refused("bad_target", f"{target} is not a valid network")
            target, keys = self._parse_shown(target)
            known = self._fold.members.by_name(keys) is not None or self._is_held(keys)
        if not known and resembles_address(act.target):
            raise Refused("bad_target", f"{act.target} is not a valid address")
        return replace(act, target=target, keys=keys)

    def _is_held(self, keys: tuple[str, ...]) -> bool:
        return self._fold.persons.holder(keys, self._fold.moment.now) is not None

    def _check_network(self, network: Network, member: Member) -> None:
        """Raises `Refused`."""
        if is_too_wide(network, self.config.trusted_proxies):
            raise Refused("too_many", f"{format_network(network)} covers too many addresses")
        if self._is_connected_from(network, member):
            raise Refused("too_many", f"{format_network(network)} covers your own address")

    def _parse_name(self, text: str) -> tuple[str, ...]:
        return self._parse_shown(text)[1]

    def _parse_shown(self, text: str) -> tuple[str, tuple[str, ...]]:
        """Return a name as it is shown, and its keys. Raises `Refused`."""
        try:
            name = parse_name(text, self.config.max_name)
        except BadName as error:
            raise Refused("bad_target", str(error)) from error
        return name.shown, name.keys

    # --- addresses -------------------------------------------------------------------

    def _connected_from(self, network: Network) -> list[C]:
        """Return the connections here of all members, but no moderator, who have one in a network."""
        return [
            connection
            for member in self._fold.members
            if not member.moderator and self._is_connected_from(network, member)
            for connection in self._seats.connections_of(member)
        ]

    def _is_connected_from(self, network: Network, member: Member) -> bool:
        return any(is_in(parse_ip(address), [network]) for address in self._seats.addresses_of(member))


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
