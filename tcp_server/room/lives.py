"""The live messages that are open: part of the state that `Fold` changes.

What they show is in the log (`History.bodies`) and decides nothing.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec
from msgspec.structs import replace

from chat_protocol import messages as m
from chat_protocol.message import Live
from tcp_server.log.history import History, find_message
from tcp_server.room.effects import Effect, Seat
from tcp_server.room.members import Member
from tcp_server.room.moderation.actions import Refused
from tcp_server.room.moderation.sanctions import Sanctions
from tcp_server.room.proposals import Body, Lose, Shown, Start, Take

_MAX_OPEN_EACH: Final = 5
MAX_OPEN: Final = 64
"""Most live messages that are open at once, of one person and of all."""


class OpenLive(msgspec.Struct, array_like=True, frozen=True):
    """Who has started a live message, and the seat that sends its output."""

    person: bytes
    seat: Seat


class Lives:
    """The open ones, by id. Not thread-safe: the caller holds the sequencer's room lock."""

    def __init__(self, history: History, sanctions: Sanctions, stored: Mapping[int, OpenLive]) -> None:
        """Go on with what is `stored`."""
        self._history = history
        self._sanctions = sanctions
        self.open = dict(stored)
        """Only to be read from elsewhere."""
        self._before = self.open  # those before the last entry that has changed them
        self._changed_at = -1  # the position of that entry

    def start(self, seat: Seat, member: Member, start: Start, at: str, now: float) -> Effect:
        """Add a live message to the log. Raises `Unavailable`, before anything has changed.

        `at` is its time, and `now` the same in seconds since 1970.
        """
        history, ref = self._history, start.ref
        if known := history.find_acks(member.person, [ref]):
            return Effect(seat, [known[ref]])
        if (mute := self._sanctions.mutes.find(member.keys, member.session, now)) is not None:
            return Effect(seat, [m.Error("muted", "you cannot write", ref, mute.seconds_left(now))])
        own = [one for one in self.open.values() if one.person == member.person]
        if len(own) >= _MAX_OPEN_EACH or len(self.open) >= MAX_OPEN:
            return Effect(seat, [m.Error("too_many_open", "too many live messages are open", ref)])
        message = m.Message(history.last + 1, at, member.name, start.title, kind="live", live=Live("open"))
        history.append(message, member.person, ref)
        self._change({**self.open, message.id: OpenLive(member.person, seat)})
        return Effect(seat, [m.Ack(ref, message.id, at)], [message])

    def take(self, seat: Seat, member: Member, take: Take) -> None:
        """Have a seat of the same person send the output from now on."""
        if (live := self.open.get(take.id)) is not None and live.person == member.person:
            self._change({**self.open, take.id: replace(live, seat=seat)})

    def grow(self, body: Body) -> None:
        """Add final lines."""
        if body.id in self.open:
            self._history.bodies.add(body.id, body.offset, body.text)

    def ended(self, message: m.Message, shown: Shown, now: float, *, code: int | None = None) -> m.Message:
        """Return a live message as it is once it has ended. Raises `Refused` if it has."""
        if message.live is None or message.id not in self.open:
            raise Refused("has_ended", f"#{message.id} is no open live message")
        state = "failed" if code else "done"
        return replace(message, live=_stood(message, state, shown, now, code))

    def lose(self, lose: Lose, at: str, now: float) -> list[Effect]:
        """End a live message that nobody goes on with. Raises `Unavailable`.

        Without effect if another seat sends its output meanwhile.
        """
        live = self.open.get(lose.id)
        if live is None or live.seat != lose.of:
            return []
        history = self._history
        message = find_message(history, lose.id)
        self.forget(lose.id)
        if message is None:
            return []
        number = history.last + 1
        message = replace(message, live=_stood(message, "lost", lose.shown, now, None))
        history.note_act(m.Ack("", number, at), message.id, None)
        history.change(message, number)
        return [Effect(None, (), [m.Changed(number, at, message.name, "end", message)])]

    def forget(self, message_id: int) -> None:
        """Take a message for ended, or for deleted."""
        if message_id in self.open:
            self._change({id_: live for id_, live in self.open.items() if id_ != message_id})

    def forget_below(self, below: int) -> None:
        """Forget those with smaller ids."""
        for message_id in [one for one in self.open if one < below]:
            self.forget(message_id)

    @property
    def first(self) -> int | None:
        """The smallest id, None if none is open."""
        return min(self.open, default=None)

    def take_back(self, position: int) -> None:
        """Undo what the entry before this position has changed: it could not be stored."""
        if self._changed_at == position - 1:
            self.open = self._before

    def _change(self, open_: dict[int, OpenLive]) -> None:
        position = self._history.position
        if self._changed_at != position:
            self._changed_at, self._before = position, self.open
        self.open = open_


def find_live(history: History, message_id: int) -> tuple[m.Message, Live]:
    """Return a live message, and how it stands. Raises `Refused`, `Unavailable`."""
    message = find_message(history, message_id)
    if message is not None and message.deleted:
        raise Refused("is_deleted", f"#{message_id} is deleted")
    if message is None or message.live is None:
        raise Refused("not_found", f"#{message_id}")
    return message, message.live


def _stood(message: m.Message, state: str, shown: Shown, now: float, code: int | None) -> Live:
    seconds = round(max(0.0, now - datetime.fromisoformat(message.at).timestamp()), 1)
    return Live(state, seconds, code, *shown)
