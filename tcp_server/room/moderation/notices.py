"""What moderators do, as the room itself tells it: one honest line in Russian."""

from chat_protocol.contract import SYSTEM_NAME
from chat_protocol.messages import Message, Notice
from tcp_server.log.history import History

_UNITS = ((86400, "д"), (3600, "ч"), (60, "мин"), (1, "с"))


def append(notice: Notice, at: str, history: History) -> Message:
    """Append a notice to the log as what the room itself says, and return that. Raises `Unavailable`."""
    told = Message(history.last + 1, at, SYSTEM_NAME, describe(notice), notice)
    history.append([told], [None])
    return told


def describe(notice: Notice) -> str:
    """Put a notice into words. An address or a network is not told: without a target there was one."""
    by, whom = notice.by, notice.target
    match notice.act:
        case "kick":
            told = f"{by} удаляет из чата: {whom}"
        case "ban":
            time = "навсегда" if notice.seconds is None else f"на {duration(notice.seconds)}"
            told = f"{by} закрывает вход {time}: {whom}" if whom else f"{by} закрывает вход по адресу {time}"
        case "unban":
            told = f"{by} снова открывает вход" + (f": {whom}" if whom else " по адресу")
        case "mute":
            told = f"{by} запрещает писать на {duration(notice.seconds or 0)}: {whom}"
        case "unmute":
            told = f"{by} снова разрешает писать: {whom}"
        case "delete":
            told = f"{by} удаляет сообщение #{notice.id}"
        case "announce":
            return f"Объявление ({by}): {notice.text}"
    return f"{told}. Причина: {notice.text}" if notice.text else told


def duration(seconds: float) -> str:
    """Return a time in words, whole seconds, what is begun counted: "1 ч 30 мин"."""
    left = max(1, -int(-seconds // 1))
    parts = []
    for size, word in _UNITS:
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {word}")
    return " ".join(parts)
