"""Events as text, for the plain and lines dialects."""

import math
from collections.abc import Sequence
from datetime import datetime

from chat_protocol.contract import HAS_JOINED, HAS_LEFT, SAYS, SYSTEM_NAME
from chat_protocol.messages import BanEntry, Bans, Error, Event, Joined, Left, Message, Role, Whois
from tcp_server.room.commands import Greeting, LocalEvent, MemberList, OutputChanged
from tcp_server.room.moderation.notices import describe
from tcp_server.texts.russian import RUSSIAN
from tcp_server.texts.texts import Texts

_MAX_ECHO = 64
"""Most code points of what a client has sent that are repeated in an error."""


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
            return error(event, RUSSIAN)
        case Error(code=code) if RUSSIAN.prompt_after(code):
            return join_refusal(event, RUSSIAN)
    return ""


def join_refusal(refusal: Error, texts: Texts) -> str:
    """Return why a join is refused, and the next prompt."""
    reason = texts.refusals.get(refusal.code, "")
    if refusal.suggestion:
        reason += texts.suggestion.format(name=refusal.suggestion)
    return (f"{reason}\n" if reason else "") + texts.prompt_after(refusal.code)


def error(refusal: Error, texts: Texts) -> str:
    """Return the text of an error, with the time that is left."""
    if refusal.code == "misuse":
        return texts.misuse.format(usage=texts.usage.get(refusal.text, refusal.text))
    if refusal.retry_after is not None and refusal.code in texts.errors_with_time:
        return texts.errors_with_time[refusal.code].format(time=texts.duration(refusal.retry_after))
    return texts.errors.get(refusal.code, texts.other_error).format(text=refusal.text[:_MAX_ECHO])


def answer(event: Greeting | MemberList | Whois | Bans | Role | OutputChanged, texts: Texts) -> str:
    """Return the answer to a command, without the last LF."""
    match event:
        case Greeting(total=0):
            return texts.greeting_alone
        case Greeting(names=names, total=total):
            return texts.greeting.format(names=_names(names, total, texts))
        case MemberList(names=names, total=total):
            return texts.members.format(count=total, names=_names(names, total, texts))
        case Whois(name=name, addresses=addresses):
            text = texts.whois if addresses else texts.whois_unknown
            return text.format(name=name, addresses=", ".join(addresses))
        case Bans(bans=bans, more=more):
            lines = [_ban(entry, texts) for entry in bans]
            return "\n".join([*lines, *[texts.more_bans] * more]) or texts.nobody_banned
        case OutputChanged(charset=charset):
            return texts.encoding_changed.format(charset=charset) if charset else texts.language_changed
        case Role(moderator=moderator):
            return texts.new_moderator if moderator else texts.no_moderator


def _names(names: Sequence[str], total: int, texts: Texts) -> str:
    """Return some of the names, and how many there are more."""
    more = total - len(names)
    return ", ".join(names) + (texts.and_more.format(count=more) if more else "")


def _ban(entry: BanEntry, texts: Texts) -> str:
    until = local_time(entry.until).strftime(texts.time_format) if entry.until else ""
    text = (texts.ban if until else texts.ban_for_good).format(target=entry.target, until=until, by=entry.by)
    return text + (texts.reason.format(text=entry.text) if entry.text else "")


def bye(reason: str, texts: Texts) -> str:
    """Return why the connection is closed."""
    return texts.bye_reasons.get(reason, texts.other_bye).format(reason=reason)


def throttled(seconds: float, texts: Texts) -> str:
    """Return the text for a client whose messages are delayed by that many seconds."""
    return texts.throttled.format(seconds=math.ceil(seconds))


def name_and_text(message: Message, texts: Texts) -> tuple[str, str]:
    """Return the sender and the text of a message as they are shown: a notice is in the language."""
    name = texts.system_name if message.name == SYSTEM_NAME else message.name
    if message.deleted:
        return name, texts.deleted
    return name, message.text if message.notice is None else describe(message.notice, texts) or message.text


def history_line(message: Message, texts: Texts) -> str:
    """Return a stored message as one history line, in the server's time zone."""
    name, text = name_and_text(message, texts)
    at = local_time(message.at).strftime(texts.time_format)
    return f"#{message.id} {at} {name}: " + text.replace("\n", "\n    ")


def local_time(at: str) -> datetime:
    """Return a timestamp of the wire in the server's time zone."""
    return datetime.fromisoformat(at).astimezone()
