"""What members say: numbered once, cut where it is too long, refused where it cannot be.

Not thread-safe: owned by whoever holds the sequencer, like the room it belongs to.
"""

from typing import Generic

from chat_protocol.messages import Ack, Error, Event, Message, Say, timestamp
from chat_protocol.text import clean, is_blank, split
from tcp_server.log.history import History, Key, Unavailable
from tcp_server.room.members import Member
from tcp_server.room.moderation.bans import Sanction
from tcp_server.room.moderation.sanctions import Sanctions
from tcp_server.room.outcome import Connection, Outcome


class Speech(Generic[Connection]):
    """Puts into the log what members say."""

    def __init__(self, history: History, sanctions: Sanctions, max_text: int) -> None:
        """`max_text` is in code points."""
        self._history = history
        self._sanctions = sanctions
        self._max_text = max_text

    def say(self, connection: Connection, member: Member[Connection], says: list[Say]) -> Outcome[Connection]:
        """Say a run of messages, or return why not."""
        try:
            return self._say(connection, member, says)
        except Unavailable as error:
            return Outcome(connection, [Error("unavailable", str(error), say.ref) for say in says])

    def _say(
        self, connection: Connection, member: Member[Connection], says: list[Say]
    ) -> Outcome[Connection]:
        """The hot path: a run of messages out of one received chunk. Raises `Unavailable`."""
        messages: list[Message] = []
        keys: list[Key | None] = []
        answer: list[Event] = []
        name, session = member.shown, member.session
        last, at = self._history.last, timestamp()
        said: dict[str, Ack] = {}
        if session is not None:
            said = self._history.recall(session, [say.ref for say in says if say.ref is not None])
        if (mute := self._sanctions.mutes.find(member.keys, session)) is not None:
            return self._refuse_muted(connection, mute, says, said)
        for say in says:
            ref, text = say.ref, clean(say.text)
            if ref in said:
                answer.append(said[ref])
                continue
            if session is None:
                pieces = [] if is_blank(text) else split(text, self._max_text)
            elif refusal := self._refusal(ref, text):
                answer.append(refusal)
                continue
            else:
                pieces = [text]
            for piece in pieces:
                last += 1
                messages.append(Message(last, at, name, piece))
                keys.append(None)
            if session is not None and ref is not None:
                keys[-1] = (session, ref)
                said[ref] = Ack(ref, last, at)
                answer.append(said[ref])
        self._history.append(messages, keys)
        return Outcome(connection, answer, messages)

    def _refuse_muted(
        self, connection: Connection, mute: Sanction, says: list[Say], said: dict[str, Ack]
    ) -> Outcome[Connection]:
        """Tell somebody mute that nothing was said: for each say, or once where says have no refs."""
        seconds = self._sanctions.seconds_left(mute)
        answer: list[Event] = []
        for say in says:
            if say.ref in said:
                answer.append(said[say.ref])
            elif say.ref is not None or not answer:
                answer.append(Error("muted", "you cannot write", say.ref, seconds))
        return Outcome(connection, answer)

    def _refusal(self, ref: str | None, text: str) -> Error | None:
        """Why a JSON client's message is not said, if it is not."""
        if ref is None:
            return Error("bad_field", "a say needs a ref")
        if is_blank(text):
            return Error("blank", "the text is blank", ref)
        if len(text) > self._max_text:
            return Error("too_long", f"a text has at most {self._max_text} characters", ref)
        return None
