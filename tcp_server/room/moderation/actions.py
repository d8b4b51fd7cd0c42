"""Checks and plans the actions of moderators; changes nothing.

Not thread-safe: the caller holds the sequencer's room lock.
"""

from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple

from chat_protocol import messages as m
from chat_protocol.ip import (
    Network,
    format_network,
    is_in,
    parse_ip,
    parse_network,
    resembles_address,
    subscriber_network,
)
from chat_protocol.text import is_blank
from tcp_server.config import Config
from tcp_server.log.history import History, find_message
from tcp_server.room.members import Member, Members
from tcp_server.room.moderation.audit_log import Entry
from tcp_server.room.moderation.bans import Sanction
from tcp_server.room.moderation.sanctions import Sanctions, keys_of
from tcp_server.room.names import BadName, Name, parse_name
from tcp_server.room.outcome import C

_DEFAULT_MUTE = 600
"""Default duration of a mute, in seconds."""


class Refused(Exception):
    """A request is refused: the protocol's error code, and the reason or what was not found."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class ModerationRequest(NamedTuple, Generic[C]):
    """A `moderate` command, its sender and time; `target` and `text` are its own, cleaned and on one line."""

    connection: C
    by: Member[C]
    at: str
    command: m.Moderate
    target: str
    text: str

    def notice(self, target: str = "", seconds: int | None = None) -> m.Notice:
        """Return the notice that announces it."""
        message_id = self.command.id if self.command.act == "delete" else None
        return m.Notice(self.command.act, self.by.name, target, message_id, seconds, self.text)


class PlannedAction(NamedTuple, Generic[C]):
    """A checked action, which takes effect with `apply()` and the removal of `expelled`.

    `target` is for the audit log only; `member` is the one it is against, if there is one.
    """

    notice: m.Notice
    apply: Callable[[], object] = lambda: None
    target: str = ""
    member: Member[C] | None = None
    expelled: Sequence[Member[C]] = ()


class ModeratorActions(Generic[C]):
    """Plans actions, given the members, the log and the sanctions in force."""

    def __init__(
        self,
        config: Config,
        members: Members[C],
        history: History,
        sanctions: Sanctions,
        address_of: Callable[[C], str],
    ) -> None:
        """`address_of` returns "" if the address is unknown."""
        self._config = config
        self._members = members
        self._history = history
        self._sanctions = sanctions
        self._bans, self._mutes = sanctions.bans, sanctions.mutes
        self.address_of = address_of
        self._planners: dict[m.Act, Callable[[ModerationRequest[C]], PlannedAction[C]]] = {
            "kick": self._kick,
            "ban": self._ban,
            "unban": self._unban,
            "mute": self._mute,
            "unmute": self._unmute,
            "delete": self._delete,
            "announce": self._announce,
        }

    def plan(self, request: ModerationRequest[C]) -> PlannedAction[C]:
        """Check a request and return the action. Raises `Refused`, `Unavailable`."""
        if len(request.text) > self._config.max_text:
            raise Refused("too_long", f"a text has at most {self._config.max_text} characters")
        return self._planners[request.command.act](request)

    def entry(self, request: ModerationRequest[C], action: PlannedAction[C]) -> Entry:
        """Return the entry of an action in the audit log."""
        member = action.member
        return Entry(
            at=request.at,
            act=request.command.act,
            by=request.by.name,
            address=self.address_of(request.connection),
            target=action.target,
            addresses=self.addresses_of(member) if member else (),
            session=member.session.hex() if member and member.session else "",
            id=action.notice.id,
            seconds=action.notice.seconds,
            text=request.text,
        )

    # --- the actions -----------------------------------------------------------------

    def _kick(self, request: ModerationRequest[C]) -> PlannedAction[C]:
        member = self._find_other(request.target)
        notice = request.notice(member.name)
        return PlannedAction(notice, target=member.name, member=member, expelled=[member])

    def _ban(self, request: ModerationRequest[C]) -> PlannedAction[C]:
        network = parse_network(request.target)
        if network is not None:
            return self._ban_network(request, subscriber_network(network))
        if parse_network(request.target.partition("/")[0]) is not None:
            raise Refused("bad_target", f"{request.target} is not a valid network")
        name = self._parse_name(request.target)
        member = self._members.by_name(name.keys)
        if member is None and resembles_address(request.target):
            raise Refused("bad_target", f"{request.target} is not a valid address")
        if member is None:
            target, keys, session, expelled = name.shown, name.keys, None, []
        else:
            _refuse_moderator(member)
            target, keys, session, expelled = member.name, member.keys, member.session, [member]
        seconds = request.command.seconds
        ban = self._sanction(request, target, seconds, keys, session)
        notice = request.notice(target, seconds)
        return PlannedAction(notice, lambda: self._bans.people.put(ban), target, member, expelled)

    def _ban_network(self, request: ModerationRequest[C], network: Network) -> PlannedAction[C]:
        target, seconds = format_network(network), request.command.seconds
        if self._bans.is_too_wide(network):
            raise Refused("too_many", f"{target} covers too many addresses")
        if self._is_connected_from(network, request.by):
            raise Refused("too_many", f"{target} covers your own address")
        ban = self._sanction(request, target, seconds)
        expelled = [
            member
            for member in self._members
            if not member.moderator and self._is_connected_from(network, member)
        ]
        notice = request.notice(seconds=seconds)  # without the address
        return PlannedAction(notice, lambda: self._bans.put(network, ban), target, expelled=expelled)

    def _unban(self, request: ModerationRequest[C]) -> PlannedAction[C]:
        network = parse_network(request.target)
        if network is not None:
            banned = subscriber_network(network)
            if self._bans.get(banned) is None:
                raise Refused("not_found", request.target)
            return PlannedAction(request.notice(), lambda: self._bans.lift(banned), format_network(banned))
        ban = self._bans.people.find(keys_of(request.target), None)
        if ban is None and resembles_address(request.target):
            raise Refused("bad_target", f"{request.target} is not a valid address")
        if ban is None:
            raise Refused("not_found", request.target)
        return PlannedAction(request.notice(ban.target), lambda: self._bans.people.lift(ban.keys), ban.target)

    def _mute(self, request: ModerationRequest[C]) -> PlannedAction[C]:
        member = self._find_other(request.target)
        seconds = request.command.seconds or _DEFAULT_MUTE
        mute = self._sanction(request, member.name, seconds, member.keys, member.session)
        notice = request.notice(member.name, seconds)
        return PlannedAction(notice, lambda: self._mutes.put(mute), member.name, member)

    def _unmute(self, request: ModerationRequest[C]) -> PlannedAction[C]:
        keys = keys_of(request.target)
        member = self._members.by_name(keys)
        mute = self._mutes.find(keys, member.session if member else None)
        if mute is None:
            raise Refused("not_found", request.target)
        return PlannedAction(request.notice(mute.target), lambda: self._mutes.lift(mute.keys), mute.target)

    def _delete(self, request: ModerationRequest[C]) -> PlannedAction[C]:
        message_id = request.command.id
        if message_id is None:
            raise Refused("bad_field", "a deletion needs an id")
        message = find_message(self._history, message_id)
        if message is None or message.deleted:
            raise Refused("not_found", f"#{message_id}")
        if message.notice is not None and message.notice.act != "announce":
            raise Refused("bad_target", "notices of other actions cannot be deleted")
        return PlannedAction(request.notice(), lambda: self._history.delete(message_id), message.name)

    def _announce(self, request: ModerationRequest[C]) -> PlannedAction[C]:
        if is_blank(request.text):
            raise Refused("blank", "the text is blank")
        return PlannedAction(request.notice())

    # --- members and addresses -------------------------------------------------------

    def _parse_name(self, text: str) -> Name:
        try:
            return parse_name(text, self._config.max_name)
        except BadName as error:
            raise Refused("bad_target", str(error)) from error

    def find_member(self, name: str) -> Member[C]:
        """Return the member with that name. Raises `Refused`."""
        member = self._members.by_name(self._parse_name(name).keys)
        if member is None:
            raise Refused("not_found", name)
        return member

    def _find_other(self, name: str) -> Member[C]:
        member = self.find_member(name)
        _refuse_moderator(member)
        return member

    def addresses_of(self, member: Member[C]) -> list[str]:
        """Return the known addresses of a member's connections, sorted."""
        return sorted(set(map(self.address_of, (*member.connections, *member.quiet))) - {""})

    def _is_connected_from(self, network: Network, member: Member[C]) -> bool:
        addresses = self.addresses_of(member)
        return any(is_in(parse_ip(address), [network]) for address in addresses)

    def _sanction(
        self,
        request: ModerationRequest[C],
        target: str,
        seconds: int | None,
        keys: tuple[str, ...] = (),
        session: bytes | None = None,
    ) -> Sanction:
        until = None if seconds is None else self._sanctions.now() + seconds
        return Sanction(target, request.at, until, request.by.name, request.text, keys, session)


def _refuse_moderator(member: Member[C]) -> None:
    if member.moderator:
        raise Refused("is_moderator", "moderators cannot be kicked, banned or muted")
