"""Acts on messages, as `Fold` applies them: edit, delete, react, and the end of a live one.

Each has a number of its own, from the same sequence as messages. Nothing here looks at a clock or a setting.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from msgspec.structs import replace

from chat_protocol import messages as m
from chat_protocol.message import redacted
from tcp_server.log.as_sent import with_own_quote
from tcp_server.log.history import History, find_message
from tcp_server.room.effects import Effect, Seat
from tcp_server.room.lives import Lives
from tcp_server.room.members import Member
from tcp_server.room.moderation.actions import Refused
from tcp_server.room.moderation.sanctions import Sanctions
from tcp_server.room.outcome import C, Outcome
from tcp_server.room.proposals import Change, Delete, Edit, End, React

_MAX_EMOJIS = 20
"""Most different emojis that a message has as reactions."""


class Changes:
    """Applies acts on messages. Part of the state that `Fold` changes."""

    def __init__(self, history: History, sanctions: Sanctions, lives: Lives) -> None:
        self._history = history
        self._sanctions = sanctions
        self._lives = lives

    def apply(self, seat: Seat, member: Member, act: Change, at: str, now: float) -> list[Effect]:
        """Apply an act. Raises `Unavailable`, before anything has changed.

        `at` is its time, and `now` the same in seconds since 1970.
        """
        person, ref = member.person, act.ref
        if ref is not None and (known := self._history.find_acks(person, [ref])):
            return [Effect(seat, [known[ref]])]
        try:
            message = self._check(member, act, now)
        except Refused as error:
            return [Effect(seat, [m.Error(error.code, error.text, ref, error.retry_after)])]
        number = self._history.last + 1
        changed = self._change(member, act, message, at)
        if isinstance(act, Delete | End):
            self._lives.forget(message.id)
        self._history.note_act(m.Ack(ref or "", number, at), message.id, (person, ref))
        if changed is not None:
            self._history.change(changed, number)
        kind, now_sent = _KINDS[type(act)], changed or message
        if now_sent.reply is not None and now_sent.reply.id >= self._history.settled:
            now_sent = with_own_quote(self._history, now_sent)
        emoji, on = (act.emoji, act.on) if isinstance(act, React) else ("", True)
        shared = m.Changed(number, at, member.name, kind, now_sent, emoji=emoji, on=on)
        mine = self._history.reacted([message.id], person).get(message.id, [])
        own = replace(shared, mine=mine)
        ack = [] if ref is None else [m.Ack(ref, number, at)]
        if changed is None:  # people at a terminal of text are told how it is
            return [Effect(seat, ack or [own])]
        effects = [Effect(seat, [own, *ack], [shared])]
        if kind == "react":
            others = [other for other in member.seats if other != seat]
            effects += [Effect(other, [own], is_known=True) for other in others]
        return effects

    def delete(self, message: m.Message, notice: m.Message, by: str, at: str) -> m.Changed:
        """Delete a message for the moderator `by`, as the notice says."""
        number, deleted = self._history.last + 1, redacted(message)
        self._history.note_act(m.Ack("", number, at), message.id, None)
        self._history.change(deleted, number)
        self._lives.forget(message.id)
        return m.Changed(number, at, by, "delete", deleted, notice=notice.id)

    def _check(self, member: Member, act: Change, now: float) -> m.Message:
        """Return the message that an act is on. Raises `Refused`, `Unavailable`."""
        may_be_muted = isinstance(act, Delete | End)
        mute = None if may_be_muted else self._sanctions.mutes.find(member.keys, member.session, now)
        if mute is not None:
            raise Refused("muted", "you cannot write", mute.seconds_left(now))
        if act.id < self._history.settled:
            return _settled(act)
        message = actable(self._history, act.id)
        if not isinstance(act, React) and self._history.author(act.id) != member.person:
            raise Refused("not_yours", f"#{act.id} is of somebody else")
        if isinstance(act, End):
            return self._lives.ended(message, act.shown, now, code=act.code)
        if isinstance(act, Edit):
            if message.live is not None:
                raise Refused("is_live", f"#{act.id} is a live message")
            age = now - datetime.fromisoformat(message.at).timestamp()
            if max(0.0, age) >= act.within:  # also if the clock was set back; a limit of 0 means never
                raise Refused("too_late", f"#{act.id} can no longer be edited")
        if isinstance(act, React) and act.on:
            emojis = [reaction.emoji for reaction in message.reactions]
            if act.emoji not in emojis and len(emojis) >= _MAX_EMOJIS:
                raise Refused("too_many_emojis", f"a message has at most {_MAX_EMOJIS} different ones")
        return message

    def _change(self, member: Member, act: Change, message: m.Message, at: str) -> m.Message | None:
        """Return what an act makes of a message, None if it is so already. Raises `Unavailable`."""
        match act:
            case Edit(text=text, mentions=mentions):
                is_same = (text, [*mentions]) == (message.text, [*message.mentions])
                return None if is_same else replace(message, text=text, mentions=mentions or (), edited=at)
            case Delete():
                return redacted(message)
            case End():
                return message  # as `_check` has found it
            case React(emoji=emoji, on=on):
                reactions = self._history.react(message.id, emoji, member.person, member.name, on=on)
                return None if reactions is None else replace(message, reactions=reactions)


_KINDS: dict[type, str] = {Edit: "edit", Delete: "delete", React: "react", End: "end"}


def _settled(act: Change) -> m.Message:
    """Return the settled message that a deletion is on, as it was proposed. Raises `Refused`."""
    if isinstance(act, Delete) and act.of is not None:
        name, at = act.of
        return m.Message(act.id, at, name, "")
    raise Refused("too_late", f"#{act.id} is too old to be changed")


def actable(history: History, message_id: int) -> m.Message:
    """Return a message that can be answered and reacted to. Raises `Refused`, `Unavailable`."""
    message = find_message(history, message_id)
    if message is None:
        raise Refused("not_found", f"#{message_id}")
    if message.deleted:
        raise Refused("is_deleted", f"#{message_id} is deleted")
    if message.notice is not None and message.notice.act != "announce":
        raise Refused("is_notice", f"#{message_id} is a notice")
    return message


def latest_only(outcomes: Sequence[Outcome[C]]) -> list[Outcome[C]]:
    """Return outcomes in which the room is sent what acts of one kind make of one message only once.

    Otherwise a room in which everybody reacts at once would be sent the square of that.
    """
    return [*_latest_only(outcomes)][::-1]


def _latest_only(outcomes: Sequence[Outcome[C]]) -> Iterator[Outcome[C]]:
    seen: set[tuple[int, str]] = set()
    for outcome in reversed(outcomes):
        kept = []
        for event in reversed(outcome.shared):
            if isinstance(event, m.Changed):
                key = (event.message.id, event.act)
                if key in seen:
                    continue
                seen.add(key)
            kept.append(event)
        yield outcome if len(kept) == len(outcome.shared) else replace(outcome, shared=kept[::-1])
