"""The acts of moderators: what an order comes to, and against whom; nothing of it happens here.

Not thread-safe: owned by whoever holds the sequencer, like the room it belongs to.
"""

from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple

from chat_protocol import messages as m
from chat_protocol.ip import Network, is_in, read_ip, read_network, widened, write_network
from chat_protocol.text import is_blank
from tcp_server.config import Config
from tcp_server.log.history import History
from tcp_server.room.members import Member, Registry
from tcp_server.room.moderation.audit_log import Entry
from tcp_server.room.moderation.bans import Sentence
from tcp_server.room.moderation.sanctions import Verdicts, keys_of
from tcp_server.room.names import BadName, Name, prepare
from tcp_server.room.outcome import Connection

_MUTE = 600
"""Seconds of a mute that names none."""


class Refused(Exception):
    """The act is not to be; why, as a word of the protocol and in words, or whom or what it did not find."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class Order(NamedTuple, Generic[Connection]):
    """What a moderator wants, when, with its words made one line."""

    connection: Connection
    by: Member[Connection]
    at: str
    wish: m.Moderate
    target: str
    text: str

    def notice(self, target: str = "", seconds: int | None = None) -> m.Notice:
        """Return what the room is to know of it."""
        number = self.wish.id if self.wish.act == "delete" else None
        return m.Notice(self.wish.act, self.by.shown, target, number, seconds, self.text)


class Deed(NamedTuple, Generic[Connection]):
    """What an order comes to, all being checked; nothing of it has happened before `do`.

    `target` is recorded as it stands there, `whom` is the one it is against, if somebody here,
    and `out` are those who have to go.
    """

    notice: m.Notice
    do: Callable[[], object] = lambda: None
    target: str = ""
    whom: Member[Connection] | None = None
    out: Sequence[Member[Connection]] = ()


class Acts(Generic[Connection]):
    """Reads orders, knowing who is here and what was said."""

    def __init__(
        self,
        config: Config,
        registry: Registry[Connection],
        history: History,
        verdicts: Verdicts,
        address_of: Callable[[Connection], str],
    ) -> None:
        """`address_of` gives "" where there is none."""
        self._config = config
        self._registry = registry
        self._history = history
        self._verdicts = verdicts
        self._bans, self._mutes = verdicts.bans, verdicts.mutes
        self.address_of = address_of
        self._readers: dict[m.Act, Callable[[Order[Connection]], Deed[Connection]]] = {
            "kick": self._kick,
            "ban": self._ban,
            "unban": self._unban,
            "mute": self._mute,
            "unmute": self._unmute,
            "delete": self._delete,
            "announce": self._announce,
        }

    def read(self, order: Order[Connection]) -> Deed[Connection]:
        """Check an order and return what it comes to. Raises `Refused`, `Unavailable`."""
        if len(order.text) > self._config.max_text:
            raise Refused("too_long", f"a text has at most {self._config.max_text} characters")
        return self._readers[order.wish.act](order)

    def entry(self, order: Order[Connection], deed: Deed[Connection]) -> Entry:
        """Return what is recorded of an order."""
        whom = deed.whom
        return Entry(
            at=order.at,
            act=order.wish.act,
            by=order.by.shown,
            address=self.address_of(order.connection),
            target=deed.target,
            addresses=self.addresses(whom) if whom else (),
            session=whom.session.hex() if whom and whom.session else "",
            id=deed.notice.id,
            seconds=deed.notice.seconds,
            text=order.text,
        )

    # --- the acts --------------------------------------------------------------------

    def _kick(self, order: Order[Connection]) -> Deed[Connection]:
        found = self._other(order.target)
        return Deed(order.notice(found.shown), target=found.shown, whom=found, out=[found])

    def _ban(self, order: Order[Connection]) -> Deed[Connection]:
        network = read_network(order.target)
        if network is not None:
            return self._ban_network(order, widened(network))
        if read_network(order.target.partition("/")[0]) is not None:
            raise Refused("bad_target", f"{order.target} is no network")
        name = self._name(order.target)
        found = self._registry.named(name.keys)
        if found is None:
            shown, keys, session = name.shown, name.keys, None
        else:
            shown, keys, session = _no_moderator(found).shown, found.keys, found.session
        seconds = order.wish.seconds
        ban = self._sentence(order, shown, seconds, keys, session)
        return Deed(
            order.notice(shown, seconds),
            lambda: self._bans.people.put(ban),
            shown,
            whom=found,
            out=[found] if found else [],
        )

    def _ban_network(self, order: Order[Connection], network: Network) -> Deed[Connection]:
        target, seconds = write_network(network), order.wish.seconds
        if self._bans.shuts_out_too_many(network):
            raise Refused("too_many", f"{target} would shut out too many")
        if self._is_from(order.by, network):
            raise Refused("too_many", f"{target} is where you are yourself")
        ban = self._sentence(order, target, seconds)
        there = [other for other in self._registry if not other.moderator and self._is_from(other, network)]
        return Deed(
            order.notice(seconds=seconds),
            lambda: self._bans.put(network, ban),
            target,
            out=there,
        )

    def _unban(self, order: Order[Connection]) -> Deed[Connection]:
        network = read_network(order.target)
        if network is not None:
            wide = widened(network)
            if self._bans.on(wide) is None:
                raise Refused("not_found", order.target)
            return Deed(order.notice(), lambda: self._bans.lift(wide), write_network(wide))
        ban = self._bans.people.find(keys_of(order.target), None)
        if ban is None:
            raise Refused("not_found", order.target)
        return Deed(order.notice(ban.target), lambda: self._bans.people.lift(ban.keys), ban.target)

    def _mute(self, order: Order[Connection]) -> Deed[Connection]:
        found = self._other(order.target)
        seconds = order.wish.seconds or _MUTE
        mute = self._sentence(order, found.shown, seconds, found.keys, found.session)
        return Deed(
            order.notice(found.shown, seconds), lambda: self._mutes.put(mute), found.shown, whom=found
        )

    def _unmute(self, order: Order[Connection]) -> Deed[Connection]:
        keys = keys_of(order.target)
        here = self._registry.named(keys)
        mute = self._mutes.find(keys, here.session if here else None)
        if mute is None:
            raise Refused("not_found", order.target)
        return Deed(order.notice(mute.target), lambda: self._mutes.lift(mute.keys), mute.target)

    def _delete(self, order: Order[Connection]) -> Deed[Connection]:
        number = order.wish.id
        if number is None:
            raise Refused("bad_field", "to delete takes an id")
        found = [message for message in self._history.before(number + 1, 1) if message.id == number]
        if not found or found[0].deleted:
            raise Refused("not_found", f"#{number}")
        if found[0].notice is not None and found[0].notice.act != "announce":
            raise Refused("bad_target", "what moderators did stays told")
        return Deed(order.notice(), lambda: self._history.delete(number), found[0].name)

    def _announce(self, order: Order[Connection]) -> Deed[Connection]:
        if is_blank(order.text):
            raise Refused("blank", "the text is blank")
        return Deed(order.notice())

    # --- whom and where --------------------------------------------------------------

    def _name(self, text: str) -> Name:
        try:
            return prepare(text, self._config.max_name)
        except BadName as error:
            raise Refused("bad_target", str(error)) from error

    def somebody(self, text: str) -> Member[Connection]:
        """Return who is here under a name. Raises `Refused`."""
        found = self._registry.named(self._name(text).keys)
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

    def _sentence(
        self,
        order: Order[Connection],
        target: str,
        seconds: int | None,
        keys: tuple[str, ...] = (),
        session: bytes | None = None,
    ) -> Sentence:
        until = None if seconds is None else self._verdicts.now() + seconds
        return Sentence(target, order.at, until, order.by.shown, order.text, keys, session)


def _no_moderator(member: Member[Connection]) -> Member[Connection]:
    if member.moderator:
        raise Refused("is_moderator", "nobody acts against a moderator")
    return member
