"""Events as Russian text, for the plain and lines dialects."""

import math
from datetime import datetime

from chat_protocol.contract import HAS_JOINED, HAS_LEFT, SAYS
from chat_protocol.messages import BanEntry, Bans, Error, Event, Joined, Left, Message, Role, Whois
from tcp_server import texts
from tcp_server.room.commands import LocalEvent, MemberList, OutputChanged
from tcp_server.room.russian import duration


def plain_text(event: Event | LocalEvent) -> str:
    """Return an event as the original server sends it, without LF; empty if it has no such event."""
    match event:
        case Message(name=name, text=text):
            return f"{name}{SAYS}{text}"
        case Joined(name=name):
            return name + HAS_JOINED
        case Left(name=name):
            return name + HAS_LEFT
        case Error(code="banned" | "password_wrong"):
            return error(event)
        case Error(code=code) if code in texts.PROMPTS_AFTER:
            return join_refusal(event)
    return ""


def join_refusal(refusal: Error) -> str:
    """Return why a join is refused, and the next prompt."""
    reason = texts.REFUSALS.get(refusal.code, "")
    if refusal.suggestion:
        reason += f" Свободно, например: {refusal.suggestion}"
    return (f"{reason}\n" if reason else "") + texts.PROMPTS_AFTER[refusal.code]


def error(refusal: Error) -> str:
    """Return the text of an error, with the time that is left."""
    if refusal.code == "misuse":
        return texts.MISUSE.format(usage=texts.USAGE.get(refusal.text, refusal.text))
    if refusal.retry_after is not None and refusal.code in texts.ERRORS_WITH_TIME:
        return texts.ERRORS_WITH_TIME[refusal.code].format(time=duration(refusal.retry_after))
    return texts.ERRORS.get(refusal.code, texts.OTHER_ERROR).format(text=refusal.text)


def answer(event: MemberList | Whois | Bans | Role | OutputChanged) -> str:
    """Return the answer to a command, without the last LF."""
    match event:
        case MemberList(names=names):
            return texts.MEMBERS.format(count=len(names), names=", ".join(names))
        case Whois(name=name, addresses=addresses):
            text = texts.WHOIS if addresses else texts.WHOIS_UNKNOWN
            return text.format(name=name, addresses=", ".join(addresses))
        case Bans(bans=bans, more=more):
            return "\n".join([*map(_ban, bans), *[texts.MORE_BANS] * more]) or texts.NOBODY_BANNED
        case OutputChanged(charset=charset):
            return texts.OUTPUT_CHANGED.format(charset=charset)
        case Role(moderator=moderator):
            return texts.NEW_MODERATOR if moderator else texts.NO_MODERATOR


def _ban(entry: BanEntry) -> str:
    until = f"{local_time(entry.until):%d.%m %H:%M}" if entry.until else ""
    text = (texts.BAN if until else texts.BAN_FOR_GOOD).format(target=entry.target, until=until, by=entry.by)
    return text + (texts.REASON.format(text=entry.text) if entry.text else "")


def bye(reason: str) -> str:
    """Return why the connection is closed."""
    return texts.BYE_REASONS.get(reason, texts.OTHER_BYE).format(reason=reason)


def throttled(seconds: float) -> str:
    """Return the text for a client whose messages are delayed by that many seconds."""
    return texts.THROTTLED.format(seconds=math.ceil(seconds))


def shown_text(message: Message) -> str:
    """Return the text of a stored message, or a note that it was deleted."""
    return texts.DELETED if message.deleted else message.text


def history_line(message: Message) -> str:
    """Return a stored message as one history line, in the server's time zone."""
    text = shown_text(message).replace("\n", "\n    ")
    return f"#{message.id} {local_time(message.at):%d.%m %H:%M} {message.name}: {text}"


def local_time(at: str) -> datetime:
    """Return a timestamp of the wire in the server's time zone."""
    return datetime.fromisoformat(at).astimezone()
