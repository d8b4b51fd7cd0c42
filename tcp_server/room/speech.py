"""What members say: cleaned, checked and split before it is proposed; numbered where it is applied.

Not thread-safe: the caller holds the sequencer's room lock.
"""

from collections.abc import Sequence
from secrets import token_hex

from msgspec.structs import replace

from chat_protocol.messages import Ack, Error, Event, Message, Quote, Say
from chat_protocol.text import clean, is_blank, split
from tcp_server.log.as_sent import with_quote
from tcp_server.log.history import History
from tcp_server.room.changes import actable
from tcp_server.room.effects import Effect, Seat
from tcp_server.room.members import Member
from tcp_server.room.moderation.actions import Refused
from tcp_server.room.moderation.sanctions import Sanctions
from tcp_server.room.proposals import Post

_MAX_RAW = 2
"""A text of a JSON client longer than so many times the limit is refused uncleaned."""

_NO_REF = Error("bad_field", "a say needs a ref")

Texts = list[tuple[str | None, str]]
"""Texts with their refs, ready to be proposed."""

clean("\0")  # builds its expression now, and not while the whole room waits


def checked(says: Sequence[Say], max_text: int) -> list[Texts | Say | Error]:
    """Return what a JSON client says, cleaned, and in its place the error for each text that is refused.

    `max_text` is the longest text, in code points. What has more than text is a `Say` of its own.
    """
    parts: list[Texts | Say | Error] = []
    texts: Texts = []
    for say in says:
        ref, text = say.ref, say.text
        if len(text) <= _MAX_RAW * max_text:  # else it is too long anyway
            text = clean(text)
        if ref is None or len(text) > max_text or is_blank(text):
            error = _error(ref, text, max_text) if ref is not None else _NO_REF
            parts += [texts, error] if texts else [error]
            texts = []
        elif "@" in text or say.reply is not None or say.kind is not None:
            parts += [texts, replace(say, text=text)] if texts else [replace(say, text=text)]
            texts = []
        else:
            texts.append((ref, text))
    return [*parts, texts] if texts else parts


def pieces(says: Sequence[Say], max_text: int) -> list[Texts | Say]:
    """Return what a client of a text dialect says, cleaned, and long texts split."""
    parts: list[Texts | Say] = []
    texts: Texts = []
    for say in says:
        if is_blank(text := clean(say.text)):
            continue
        if "@" in text or say.reply is not None or say.kind is not None:
            parts += [texts] if texts else []
            parts += [replace(say, text=piece) for piece in split(text, max_text)]
            texts = []
        elif len(text) > max_text:
            texts += [(None, piece) for piece in split(text, max_text)]
        else:
            texts.append((None, text))
    return [*parts, texts] if texts else parts


def with_refs(parts: Sequence[Texts | Say]) -> list[Texts | Say]:
    """Return what a person with several devices says in a text dialect, with refs as on the others."""
    return [
        [(token_hex(8), text) for _, text in part]
        if isinstance(part, list)
        else replace(part, ref=token_hex(8))
        for part in parts
    ]


def checked_text(text: str, max_text: int, ref: str | None) -> str | Error:
    """Return one text cleaned, or the error if it is refused."""
    if len(text) <= _MAX_RAW * max_text:
        text = clean(text)
    return _error(ref, text, max_text) if len(text) > max_text or is_blank(text) else text


def _error(ref: str | None, text: str, max_text: int) -> Error:
    if len(text) > max_text:
        return Error("too_long", f"a text has at most {max_text} characters", ref)
    return Error("blank", "the text is blank", ref)


class Speech:
    """Applies what members say. Part of the state that `Fold` changes."""

    def __init__(self, history: History, sanctions: Sanctions) -> None:
        self._history = history
        self._sanctions = sanctions

    def say(
        self, seat: Seat, member: Member, texts: Sequence[tuple[str | None, str]], at: str, now: float
    ) -> Effect:
        """Add the texts to the log: the hot path. Raises `Unavailable`, before anything has changed.

        `at` is their time, and `now` the same in seconds since 1970.
        """
        session, name = member.session, member.name
        refs = [ref for ref, _ in texts if ref is not None]
        acks: dict[str, Ack] = {}  # by ref, of says that are in the log already
        if session is not None:
            acks = self._history.find_acks(session, refs)
        if (mute := self._sanctions.mutes.find(member.keys, session, now)) is not None:
            return _refuse_muted(seat, texts, acks, mute.seconds_left(now))
        bodies = [text for _, text in texts]
        if session is None:
            return Effect(seat, (), self._history.say(member.person, name, at, bodies, ()))
        if not acks and len(set(refs)) == len(texts):  # nearly always
            messages = self._history.say(session, name, at, bodies, refs)
            return Effect(seat, (), messages, acked=refs)
        new: dict[str, str] = {}  # a member with a session gives each text a ref
        for ref, text in texts:
            if ref is not None and ref not in acks:
                new.setdefault(ref, text)
        messages = self._history.say(session, name, at, [*new.values()], [*new])
        acks |= {ref: Ack(ref, message.id, at) for ref, message in zip(new, messages, strict=True)}
        return Effect(seat, [acks[ref] for ref in refs], messages)

    def post(self, seat: Seat, member: Member, post: Post, at: str, now: float) -> Effect:
        """Add one text that has more than text. As `say`."""
        history, ref, reply = self._history, post.ref, post.reply
        if ref is not None and (known := history.find_acks(member.person, [ref])):
            return Effect(seat, [known[ref]])
        if (mute := self._sanctions.mutes.find(member.keys, member.session, now)) is not None:
            return _refuse_muted(seat, [(ref, post.text)], {}, mute.seconds_left(now))
        try:
            answered = None if reply is None or reply < history.settled else actable(history, reply)
        except Refused as error:
            return Effect(seat, [Error(error.code, error.text, ref)])
        message = Message(
            history.last + 1,
            at,
            member.name,
            post.text,
            kind=post.kind,
            reply=None if reply is None else Quote(reply),
            mentions=post.mentions or (),  # an empty list would be sent
        )
        history.append(message, member.person, ref)
        answer = [] if ref is None else [Ack(ref, message.id, at, message.mentions)]
        return Effect(seat, answer, [with_quote(message, answered)])


def _refuse_muted(
    seat: Seat, texts: Sequence[tuple[str | None, str]], acks: dict[str, Ack], seconds: float | None
) -> Effect:
    """Answer each text with a `muted` error, or all of them with one where they have no refs."""
    answer: list[Event] = []
    for ref, _ in texts:
        if ref in acks:
            answer.append(acks[ref])
        elif ref is not None or not answer:
            answer.append(Error("muted", "you cannot write", ref, seconds))
    return Effect(seat, answer)
