"""What moderators do, as messages of the room itself."""

from chat_protocol.contract import SYSTEM_NAME
from chat_protocol.messages import Message, Notice
from tcp_server.log.history import History
from tcp_server.texts.russian import RUSSIAN
from tcp_server.texts.texts import Texts


def append(notice: Notice, at: str, history: History) -> Message:
    """Append a notice to the log, and return it as the message that the room is sent."""
    message = Message(history.last + 1, at, SYSTEM_NAME, describe(notice, RUSSIAN), notice)
    history.append(message)
    return message


def describe(notice: Notice, texts: Texts) -> str:
    """Return a notice as one line, empty if its act is unknown.

    Without a target it is about an address or network, which stays secret.
    """
    kind = notice.act
    if kind in {"ban", "unban"} and not notice.target:
        kind += "_address"
    if notice.act == "topic" and not notice.text:
        kind = "topic_cleared"
    if notice.act == "ban" and notice.seconds is None:
        kind += "_for_good"
    text = texts.notices.get(kind, "").format(
        by=notice.by,
        target=notice.target,
        id=notice.id,
        text=notice.text,
        time=texts.duration(notice.seconds or 0),
    )
    has_reason = text and notice.text and notice.act not in {"announce", "topic"}
    return text + texts.reason.format(text=notice.text) if has_reason else text
