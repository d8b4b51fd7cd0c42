"""What moderators have decided, by the notices in a log, and what must then hold."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from chat_protocol.contract import SYSTEM_NAME
from chat_protocol.message import quote_of
from chat_protocol.messages import Message, Moderate, Notice
from tests.faults.acts import Acted, original

_WORD = re.compile(rb"<[\w-]+>|\{[\w-]+\|\d+\}|\[[\w-]+\]")
"""By which texts are recognised, also those that were edited."""


class Sanction(NamedTuple):
    """A ban or mute: by whom, why, and until when, in milliseconds since 1970 (None: for good)."""

    by: str
    text: str
    until: int | None

    def is_over(self, now: int) -> bool:
        """Return whether it is over, at a time in milliseconds since 1970."""
        return self.until is not None and self.until <= now


@dataclass
class Decided:
    """What is in force at the end of a log. Sanctions are by name, also those that are over.

    Times are in milliseconds since 1970.
    """

    bans: dict[str, Sanction] = field(default_factory=dict)
    mutes: dict[str, Sanction] = field(default_factory=dict)
    topic: tuple[int, str] | None = None
    """The number of its notice, and its text."""
    is_topic_known: bool = True
    """Whether it is known: not after the deletion of what may have been its notice."""
    wrong: list[str] = field(default_factory=list)
    """What cannot be, as sentences: members that were muted or banned have spoken."""

    def banned(self, now: int) -> set[str]:
        """Return who is banned at a time."""
        return {name for name, ban in self.bans.items() if not ban.is_over(now)}

    def ends_before(self, now: int, before: int) -> list[int]:
        """Return when sanctions end between two times."""
        ends = [one.until for one in (*self.bans.values(), *self.mutes.values()) if one.until is not None]
        return [end for end in ends if now < end < before]


def milliseconds(at: str) -> int:
    """Return a time of the room in milliseconds since 1970."""
    return round(datetime.fromisoformat(at).timestamp() * 1000)


def decided(log: Mapping[int, Message], acts: Sequence[Acted]) -> Decided:
    """Return what a log amounts to; `acts` are those that were acknowledged."""
    state = Decided()
    by_number = {acted.number: acted.act for acted in acts if isinstance(acted.act, Moderate)}
    for message in log.values():
        now = milliseconds(message.at)
        if message.notice is not None:
            _apply(state, message, now)
        elif message.name == SYSTEM_NAME:  # an announcement or a topic, deleted
            act = by_number.get(message.id)
            if act is None or act.act == "topic":
                state.topic, state.is_topic_known = None, act is not None
        else:
            for kind, sanctions in (("banned", state.bans), ("muted", state.mutes)):
                sanction = sanctions.get(message.name)
                if sanction is not None and not sanction.is_over(now):
                    state.wrong.append(f"{message.name} has said #{message.id} and is {kind}")
    return state


def _apply(state: Decided, message: Message, now: int) -> None:
    notice = message.notice
    assert notice is not None
    until = None if notice.seconds is None else now + 1000 * notice.seconds
    match notice.act:
        case "ban":
            state.bans[notice.target] = Sanction(notice.by, notice.text, until)
        case "unban":
            state.bans.pop(notice.target, None)
        case "mute":
            state.mutes[notice.target] = Sanction(notice.by, notice.text, until)
        case "unmute":
            state.mutes.pop(notice.target, None)
        case "topic":
            state.topic = (message.id, notice.text) if notice.text else None
            state.is_topic_known = True


def check_notices(acts: Sequence[Acted], log: Mapping[int, Message]) -> Iterator[str]:
    """Yield what is wrong with the notices: each is of the act that it acknowledges, and of no other.

    What is there twice is found by `checker`, as each has a text of its own.
    """
    for acted in acts:
        if isinstance(acted.act, Moderate) and not _is_of(log.get(acted.number), acted.act, acted.writer):
            yield f"#{acted.number} is {log.get(acted.number)}, and not of {acted.act}"
    for message in log.values():
        notice = message.notice
        if notice is not None and notice.act == "delete" and not log[notice.id or 0].deleted:
            yield f"#{message.id} says that #{notice.id} is deleted, and it is not"


def _is_of(message: Message | None, act: Moderate, by: str) -> bool:
    """Return whether a message is the notice of an act."""
    if message is None or message.notice is None:
        return message is not None and message.deleted and act.act in {"announce", "topic"}
    wanted = Notice(act.act, by, act.target, act.id, act.seconds, act.text)
    return message.notice == wanted


def check_quotes(log: Mapping[int, Message]) -> Iterator[str]:
    """Yield which messages quote something else than what they answer has now."""
    for message in log.values():
        answered = log.get(message.reply.id) if message.reply else None
        if answered is not None and message.reply != quote_of(answered):
            yield f"#{message.id} has the quote {message.reply} of {answered}"


class Words:
    """The first words of texts, by which one finds those in a file that should be gone."""

    def __init__(self, log: Mapping[int, Message], acked: Mapping[str, int]) -> None:
        """`acked` are the numbers of all texts that were acknowledged."""
        self._known = {_word(text) for text, number in acked.items() if number in log}
        self._there = {_word(one.text if one.notice is None else one.notice.text) for one in log.values()}

    def lingering(self, data: bytes) -> set[str]:
        """Return those of texts that were deleted or edited away."""
        found = {match.group().decode() for match in _WORD.finditer(data)} - self._there
        return {word for word in found if original(word) in self._known}


def _word(text: str) -> str:
    return text.split(maxsplit=1)[0] if text.strip() else ""
