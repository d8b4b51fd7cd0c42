"""Events as text, for the plain and lines dialects."""

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from chat_protocol.contract import HAS_JOINED, HAS_LEFT, MAX_LINE, SAYS, SYSTEM_NAME
from chat_protocol.messages import (
    BanEntry,
    Bans,
    Changed,
    Error,
    Event,
    Joined,
    Left,
    Link,
    Live,
    Message,
    Person,
    Reaction,
    Role,
    Topic,
    Whois,
)
from chat_protocol.sgr import without_colours
from tcp_server.room.commands import (
    AwayNoted,
    Greeting,
    LiveShown,
    LocalEvent,
    MemberList,
    OnlyInText,
    OutputChanged,
    TopicShown,
)
from tcp_server.room.members import first_names
from tcp_server.room.moderation.notices import describe
from tcp_server.texts.russian import RUSSIAN
from tcp_server.texts.texts import Texts

ANSWERS: Final = "↪"
EDITED: Final = "✎"
"""Signs before the text of a reply and of an edit."""

BROKEN: Final = "✘"
_SIGNS: Final = {"open": "▸", "done": "✔", "failed": BROKEN}
"""Signs before the title of a live message, by state."""

_LAST_LINES = 3
"""Lines of the output of a command that has failed."""

_MAX_ECHO = 64
"""Most code points of what a client has sent that are repeated in an error."""


def plain_text(event: Event | LocalEvent) -> str:
    """Return an event as the original server sends it, without LF; empty if it has no such event."""
    match event:
        case Message(name=name, text=text):
            return f"{name}{SAYS}{_with_signs(event, text, RUSSIAN, numbers=False)}"
        case Changed(act="end", message=message):
            return f"{message.name}{SAYS}{with_action(message, message.text)}"
        case Changed(act="edit", message=message):
            return f"{message.name}{SAYS}{EDITED} {with_action(message, message.text)}"
        case OnlyInText(event=shown):
            return plain_text(shown)
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


def answer(  # noqa: C901 - one case per answer
    event: Greeting | MemberList | AwayNoted | TopicShown | OutputChanged | Link | Whois | Bans | Role,
    texts: Texts,
) -> str:
    """Return the answer to a command, without the last LF."""
    match event:
        case Greeting():
            return _greeting(event, texts)
        case MemberList(total=0):
            return texts.nothing_found
        case MemberList(names=names, total=total, marked=marked):
            shown = [_marked(name, marked.get(name), texts) for name in names]
            return texts.members.format(count=total, names=_names(first_names(shown, MAX_LINE), total, texts))
        case AwayNoted(on=on):
            return texts.now_away if on else texts.now_back
        case TopicShown(topic=topic):
            return _topic(topic, texts) if topic else texts.errors["no_topic"]
        case Link(code=code, seconds=seconds):
            return texts.link.format(code=code, time=texts.duration(seconds))
        case Whois(name=name, addresses=addresses, at=at):
            text = texts.whois if addresses else texts.whois_unknown
            since = texts.since.format(at=local_time(at).strftime(texts.time_format)) if at else ""
            return text.format(name=name, addresses=", ".join(addresses)) + since
        case Bans(bans=bans, more=more):
            lines = [_ban(entry, texts) for entry in bans]
            return "\n".join([*lines, *[texts.more_bans] * more]) or texts.nobody_banned
        case OutputChanged(charset=charset):
            return texts.encoding_changed.format(charset=charset) if charset else texts.language_changed
        case Role(moderator=moderator):
            return texts.new_moderator if moderator else texts.no_moderator


def _greeting(event: Greeting, texts: Texts) -> str:
    names = _names(event.names, event.total, texts)
    lines = [
        texts.room.format(about=event.room) if event.room else "",
        _topic(event.topic, texts) if event.topic else "",
        texts.greeting_as.format(name=event.own) if event.own else "",
        texts.greeting.format(names=names) if event.total else texts.greeting_alone,
    ]
    return "\n".join(filter(None, lines))


def _marked(name: str, person: Person | None, texts: Texts) -> str:
    """Return a name with what else there is to say, in brackets."""
    if person is None:
        return name
    away = f"{texts.away}: {person.why}" if person.why else texts.away
    return f"{name} ({', '.join([texts.moderator] * person.moderator + [away] * person.away)})"


def _topic(topic: Topic, texts: Texts) -> str:
    at = local_time(topic.at).strftime(texts.time_format)
    return texts.topic.format(text=topic.text, by=topic.by, at=at)


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
    """Return the sender and the text of a message as they are shown in lines: a notice is in the language."""
    name = _shown(message.name, texts)
    if message.deleted:
        return name, texts.deleted
    if message.notice is not None:
        return name, describe(message.notice, texts) or message.text
    return name, _with_signs(message, message.text, texts, numbers=True)


def _shown(name: str, texts: Texts) -> str:
    return texts.system_name if name == SYSTEM_NAME else name


def _with_signs(message: Message, text: str, texts: Texts, *, numbers: bool) -> str:
    """Return a text with what shows that it is a reply, and whether with the number of what it answers."""
    text = with_action(message, text)
    if (quote := message.reply) is None:
        return text
    number = f"#{quote.id}" if numbers else ""
    excerpt = f"«{quote.excerpt}»" if quote.excerpt else ""
    return " ".join(filter(None, (ANSWERS, number, _shown(quote.name, texts), excerpt, text)))


def with_action(message: Message, text: str) -> str:
    """Return a text with what shows that it is an action, or how a live message stands."""
    if message.live is None:
        return f"* {text}" if message.kind == "action" else text
    sign, seconds = _SIGNS.get(message.live.state, BROKEN), message.live.seconds
    return f"{sign} {text}" + ("" if seconds is None else f", {_clock(seconds)}")


def _clock(seconds: float) -> str:
    """Return a duration as minutes and seconds, or hours too."""
    minutes, left = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


def live_line(message: Message, live: Live, texts: Texts) -> str:
    """Return how a live message stands, with its number, as whole lines; if it failed with its last three."""
    stands = with_action(message, f"#{message.id} {message.text}") + _how_it_ended(live, texts)
    last = without_colours(live.last).splitlines()[-_LAST_LINES:] if live.state == "failed" else []
    return says(message.name, "\n".join([stands, *[f"| {line}" for line in last]]))


def live_output(shown: LiveShown, texts: Texts) -> str:
    """Return a live message with its output, as whole lines."""
    message, live = shown.message, shown.message.live
    output = texts.output_gone if live is not None and live.gone else shown.output
    lines = [f"    {line}" for line in output.splitlines()]
    return "".join([f"{line}\n" for line in (history_line(message, texts), *lines)])


def _how_it_ended(live: Live, texts: Texts) -> str:
    if live.state == "lost":
        return texts.lost
    return texts.exit_code.format(code=live.code) if live.code else ""


def change(changed: Changed, texts: Texts) -> str:
    """Return what an act has made of a message, as whole lines; the new text without what it answers.

    What a moderator did has none: its notice has been there.
    """
    message = changed.message
    match changed.act:
        case "edit":
            return says(message.name, f"{EDITED} #{message.id} {with_action(message, message.text)}")
        case "end" if message.live is not None:
            return live_line(message, message.live, texts)
        case "delete" if changed.notice is None:
            return f"#{message.id} {message.name}: {texts.deleted}\n"
        case "react":
            count = sum([one.count for one in message.reactions if one.emoji == changed.emoji])
            return f"#{message.id} {changed.by}: {'+' if changed.on else '-'}{changed.emoji} ({count})\n"
    return ""


def says(name: str, text: str) -> str:
    """Return a text as lines, each with the name."""
    return "".join([f"{name}{SAYS}{line}\n" for line in text.split("\n")])


def _reactions(reactions: Sequence[Reaction], texts: Texts) -> str:
    return "; ".join([f"{one.emoji} {one.count}: {_names(one.names, one.count, texts)}" for one in reactions])


def history_line(message: Message, texts: Texts) -> str:
    """Return a stored message as one history line, in the server's time zone; its reactions below it."""
    name, text = name_and_text(message, texts)
    if message.live is not None:
        text += _how_it_ended(message.live, texts)
    if message.edited is not None:
        text += texts.edited
    if message.reactions:
        text += f"\n{_reactions(message.reactions, texts)}"
    at = local_time(message.at).strftime(texts.time_format)
    return f"#{message.id} {at} {name}: " + text.replace("\n", "\n    ")


def local_time(at: str) -> datetime:
    """Return a timestamp of the wire in the server's time zone."""
    return datetime.fromisoformat(at).astimezone()
