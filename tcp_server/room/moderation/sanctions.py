"""The bans and mutes in force, as state of the room: `Fold` changes and stores them."""

from collections.abc import Iterable, Sequence

import msgspec

from chat_protocol.ip import parse_network
from chat_protocol.messages import Mute
from tcp_server.room.moderation.bans import Bans, Sanction, SanctionList

_MAX_MUTES = 1000


class _Stored(msgspec.Struct, frozen=True):
    """What the log stores: the time of the last action of which it has the effect, and what is in force."""

    at: str = ""
    bans: Sequence[Sanction] = ()
    mutes: Sequence[Sanction] = ()


_decoder = msgspec.msgpack.Decoder(_Stored)


class Sanctions:
    """All bans and mutes. Each `now` is in seconds since 1970."""

    def __init__(self, stored: bytes) -> None:
        """Take over what is `stored`; empty if nothing is."""
        state = _decoder.decode(stored) if stored else _Stored()
        self._changed_at = 0.0
        self.replace(state.at, state.bans, state.mutes, 0.0)

    def replace(self, at: str, bans: Iterable[Sanction], mutes: Iterable[Sanction], now: float) -> None:
        """Have these in force, and no others; `at` is the time of the last action (RFC 3339)."""
        self.at = at
        self.bans = Bans()
        self.mutes = SanctionList()
        for ban in bans:
            network = None if ban.keys else parse_network(ban.target)
            if network is None:
                self.bans.people.put(ban, now)
            else:
                self.bans.put(network, ban, now)
        for mute in mutes:
            self.mutes.put(mute, now)

    def in_force(self, now: float) -> tuple[list[Sanction], list[Sanction]]:
        """Return the bans, and the mutes."""
        bans, mutes = ([one for one in kind if not one.is_over(now)] for kind in (self.bans, self.mutes))
        return bans, mutes

    def note_change(self, at: str, now: float) -> None:
        """Note that an action has changed them, at the time `at` (RFC 3339)."""
        self.at, self._changed_at = at, now

    def kept(self) -> tuple[list[Sanction], list[Sanction]]:
        """Return the bans and the mutes that were in force after the last action: those that are stored."""
        return self.in_force(self._changed_at)

    def encode(self) -> bytes:
        """Return what is to be stored."""
        return msgspec.msgpack.encode(_Stored(self.at, *self.kept()))

    def muted(self, now: float) -> tuple[Mute, ...]:
        """Return the newest mutes in force, at most 1,000."""
        newest = sorted(self.in_force(now)[1], key=lambda mute: mute.at)[-_MAX_MUTES:]
        return tuple(Mute(mute.target, mute.seconds_left(now)) for mute in newest)
