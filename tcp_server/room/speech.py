"""Adds members' messages to the log: numbers, splits, deduplicates or refuses them.

Not thread-safe: the caller holds the sequencer's room lock.
"""

from typing import Generic

from chat_protocol.messages import Ack, Error, Event, Message, Say, timestamp
from chat_protocol.text import clean, is_blank, split
from tcp_server.log.history import History, Key, Unavailable
from tcp_server.room.members import Member
from tcp_server.room.moderation.bans import Sanction
from tcp_server.room.moderation.sanctions import Sanctions
from tcp_server.room.outcome import C, Outcome

_MAX_RAW = 2
"""A text of a JSON client longer than so many times the limit is refused uncleaned."""


class Speech(Generic[C]):
    """Handles `say` commands."""

    def __init__(self, history: History, sanctions: Sanctions, max_text: int) -> None:
        """`max_text` is the longest text of one message, in code points."""
        self._history = history
        self._sanctions = sanctions
        self._max_text = max_text
        clean("\0")  # builds its expression now, and not while the whole room waits

    def say(self, connection: C, member: Member[C], says: list[Say]) -> Outcome[C]:
        """Append the messages to the log; return them with their acks, or the errors."""
        try:
            return self._say(connection, member, says)
        except Unavailable as error:
            return Outcome(connection, [Error("unavailable", str(error), say.ref) for say in says])

    def _say(self, connection: C, member: Member[C], says: list[Say]) -> Outcome[C]:
        """Append all says of one received chunk: the hot path. Raises `Unavailable`."""
        messages: list[Message] = []
        keys: list[Key | None] = []
        answer: list[Event] = []
        name, session = member.name, member.session
        last, at = self._history.last, timestamp()
        acks: dict[str, Ack] = {}  # by ref, of says that are in the log already
        if session is not None:
            acks = self._history.find_acks(session, [say.ref for say in says if say.ref is not None])
        if (mute := self._sanctions.mutes.find(member.keys, session)) is not None:
            return self._refuse_muted(connection, mute, says, acks)
        for say in says:
            ref, text = say.ref, say.text
            if ref in acks:
                answer.append(acks[ref])
                continue
            if session is None or len(text) <= _MAX_RAW * self._max_text:  # else it is too long anyway
                text = clean(text)
            if session is None:
                pieces = [] if is_blank(text) else split(text, self._max_text)
            elif error := self._check(ref, text):
                answer.append(error)
                continue
            else:
                pieces = [text]
            for piece in pieces:
                last += 1
                messages.append(Message(last, at, name, piece))
                keys.append(None)
            if session is not None and ref is not None:
                keys[-1] = (session, ref)
                acks[ref] = Ack(ref, last, at)
                answer.append(acks[ref])
        self._history.append(messages, keys)
        return Outcome(connection, answer, messages)

    def _refuse_muted(
        self, connection: C, mute: Sanction, says: list[Say], acks: dict[str, Ack]
    ) -> Outcome[C]:
        """Answer each say with a `muted` error, or all of them with one where they have no refs."""
        seconds = self._sanctions.seconds_left(mute)
        answer: list[Event] = []
        for say in says:
            if say.ref in acks:
                answer.append(acks[say.ref])
            elif say.ref is not None or not answer:
                answer.append(Error("muted", "you cannot write", say.ref, seconds))
        return Outcome(connection, answer)

    def _check(self, ref: str | None, text: str) -> Error | None:
        if ref is None:
            return Error("bad_field", "a say needs a ref")
        if len(text) > self._max_text:
            return Error("too_long", f"a text has at most {self._max_text} characters", ref)
        if is_blank(text):
            return Error("blank", "the text is blank", ref)
        return None
