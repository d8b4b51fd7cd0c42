"""The actions of moderators: what an request comes to, and against whom; nothing of it happens here.

Not thread-safe: owned by whoever holds the sequencer, like the room it belongs to.
"""

from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple

from chat_protocol import messages as m
from chat_protocol.ip import Network, is_in, read_ip, read_network, widened, write_network
from chat_protocol.text import is_blank
from tcp_server.config import Config
from tcp_server.log.history import History
from tcp_server.room.members import Member, Members
from tcp_server.room.moderation.audit_log import Entry
from tcp_server.room.moderation.bans import Sanction
from tcp_server.room.moderation.sanctions import Sanctions, keys_of
from tcp_server.room.names import BadName, Name, parse_name
from tcp_server.room.outcome import Connection

_MUTE = 600
"""Seconds of a mute that names none."""


class Refused(Exception):
    """The act is not to be; why, as a word of the protocol and in words, or whom or what it did not find."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class ModerationRequest(NamedTuple, Generic[Connection]):
    """What a moderator wants, when, with its words made one line."""

    connection: Connection
    by: Member[Connection]
    at: str
    command: m.Moderate
    target: str
    text: str

    def notice(self, target: str = "", seconds: int | None = None) -> m.Notice:
        """Return what the room is to know of it."""
        number = self.command.id if self.command.act == "delete" else None
        return m.Notice(self.command.act, self.by.shown, target, number, seconds, self.text)


class PlannedAction(NamedTuple, Generic[Connection]):
    """What an request comes to, all being checked; nothing of it has happened before `do`.

    `target` is recorded as it stands there, `whom` is the one it is against, if somebody here,
    and `out` are those who have to go.
    """

    notice: m.Notice
    do: Callable[[], object] = lambda: None
    target: str = ""
    whom: Member[Connection] | None = None
    out: Sequence[Member[Connection]] = ()


class ModeratorActions(Generic[Connection]):
    """Reads orders, knowing who is here and what was said."""

    def __init__(
        self,
        config: Config,
        members: Members[Connection],
        history: History,
        sanctions: Sanctions,
        address_of: Callable[[Connection], str],
    ) -> None:
        """`address_of` gives "" where there is none."""
        self._config = config
        self._members = members
        self._history = history
        self._sanctions = sanctions
        self._bans, self._mutes = sanctions.bans, sanctions.mutes
        self.address_of = address_of
        self._planners: dict[m.Act, Callable[[ModerationRequest[Connection]], PlannedAction[Connection]]] = {
            "kick": self._kick,
            "ban": self._ban,
            "unban": self._unban,
            "mute": self._mute,
            "unmute": self._unmute,
            "delete": self._delete,
            "announce": self._announce,
        }

    def plan(self, request: ModerationRequest[Connection]) -> PlannedAction[Connection]:
        """Check an request and return what it comes to. Raises `Refused`, `Unavailable`."""
        if len(request.text) > self._config.max_text:
            raise Refused("too_long", f"a text has at most {self._config.max_text} characters")
        return self._planners[request.command.act](request)

    def entry(self, request: ModerationRequest[Connection], action: PlannedAction[Connection]) -> Entry:
        """Return what is recorded of an request."""
        whom = action.whom
        return Entry(
            at=request.at,
            act=request.command.act,
            by=request.by.shown,
            address=self.address_of(request.connection),
            target=action.target,
            addresses=self.addresses(whom) if whom else (),
            session=whom.session.hex() if whom and whom.session else "",
            id=action.notice.id,
            seconds=action.notice.seconds,
            text=request.text,
        )

    # --- the actions --------------------------------------------------------------------

    def _kick(self, request: ModerationRequest[Connection]) -> PlannedAction[Connection]:
        found = self._other(request.target)
        return PlannedAction(request.notice(found.shown), target=found.shown, whom=found, out=[found])

    def _ban(self, request: ModerationRequest[Connection]) -> PlannedAction[Connection]:
        network = read_network(request.target)
        if network is not None:
            return self._ban_network(request, widened(network))
        if read_network(request.target.partition("/")[0]) is not None:
            raise Refused("bad_target", f"{request.target} is no network")
        name = self._name(request.target)
        found = self._members.by_name(name.keys)
        if found is None:
            shown, keys, session = name.shown, name.keys, None
        else:
            shown, keys, session = _no_moderator(found).shown, found.keys, found.session
        seconds = request.command.seconds
        ban = self._sanction(request, shown, seconds, keys, session)
        return PlannedAction(
            request.notice(shown, seconds),
            lambda: self._bans.people.put(ban),
            shown,
            whom=found,
            out=[found] if found else [],
        )

    def _ban_network(
        self, request: ModerationRequest[Connection], network: Network
    ) -> PlannedAction[Connection]:
        target, seconds = write_network(network), request.command.seconds
        if self._bans.is_too_wide(network):
            raise Refused("too_many", f"{target} would shut out too many")
        if self._is_from(request.by, network):
            raise Refused("too_many", f"{target} is where you are yourself")
        ban = self._sanction(request, target, seconds)
        there = [other for other in self._members if not other.moderator and self._is_from(other, network)]
        return PlannedAction(
            request.notice(seconds=seconds),
            lambda: self._bans.put(network, ban),
            target,
            out=there,
        )

    def _unban(self, request: ModerationRequest[Connection]) -> PlannedAction[Connection]:
        network = read_network(request.target)
        if network is not None:
            wide = widened(network)
            if self._bans.on(wide) is None:
                raise Refused("not_found", request.target)
            return PlannedAction(request.notice(), lambda: self._bans.lift(wide), write_network(wide))
        ban = self._bans.people.find(keys_of(request.target), None)
        if ban is None:
            raise Refused("not_found", request.target)
        return PlannedAction(request.notice(ban.target), lambda: self._bans.people.lift(ban.keys), ban.target)

    def _mute(self, request: ModerationRequest[Connection]) -> PlannedAction[Connection]:
        found = self._other(request.target)
        seconds = request.command.seconds or _MUTE
        mute = self._sanction(request, found.shown, seconds, found.keys, found.session)
        return PlannedAction(
            request.notice(found.shown, seconds), lambda: self._mutes.put(mute), found.shown, whom=found
        )

    def _unmute(self, request: ModerationRequest[Connection]) -> PlannedAction[Connection]:
        keys = keys_of(request.target)
        here = self._members.by_name(keys)
        mute = self._mutes.find(keys, here.session if here else None)
        if mute is None:
            raise Refused("not_found", request.target)
        return PlannedAction(request.notice(mute.target), lambda: self._mutes.lift(mute.keys), mute.target)

    def _delete(self, request: ModerationRequest[Connection]) -> PlannedAction[Connection]:
        number = request.command.id
        if number is None:
            raise Refused("bad_field", "to delete takes an id")
        found = [message for message in self._history.before(number + 1, 1) if message.id == number]
        if not found or found[0].deleted:
            raise Refused("not_found", f"#{number}")
        if found[0].notice is not None and found[0].notice.act != "announce":
            raise Refused("bad_target", "what moderators did stays told")
        return PlannedAction(request.notice(), lambda: self._history.delete(number), found[0].name)

    def _announce(self, request: ModerationRequest[Connection]) -> PlannedAction[Connection]:
        if is_blank(request.text):
            raise Refused("blank", "the text is blank")
        return PlannedAction(request.notice())

    # --- whom and where --------------------------------------------------------------

    def _name(self, text: str) -> Name:
        try:
            return parse_name(text, self._config.max_name)
        except BadName as error:
            raise Refused("bad_target", str(error)) from error

    def somebody(self, text: str) -> Member[Connection]:
        """Return who is here under a name. Raises `Refused`."""
        found = self._members.by_name(self._name(text).keys)
        if found is None:
            raise Refused("not_found", text)
        return found

    def _other(self, text: str) -> Member[Connection]:
        return _no_moderator(self.somebody(text))

    def addresses(self, member: Member[Connection]) -> list[str]:
        """Return from where somebody is here."""
        return sorted(set(map(self.address_of, member.connections)) - {""})

    def _is_from(self, member: Member[Connection], network: Network) -> bool:
        addresses = map(self.address_of, member.connections)
        return any(is_in(read_ip(address), [network]) for address in addresses)

    def _sanction(
        self,
        request: ModerationRequest[Connection],
        target: str,
        seconds: int | None,
        keys: tuple[str, ...] = (),
        session: bytes | None = None,
    ) -> Sanction:
        until = None if seconds is None else self._sanctions.now() + seconds
        return Sanction(target, request.at, until, request.by.shown, request.text, keys, session)


def _no_moderator(member: Member[Connection]) -> Member[Connection]:
    if member.moderator:
        raise Refused("is_moderator", "nobody actions against a moderator")
    return member
