"""The Russian text of notices and durations, for clients without texts of their own."""

from chat_protocol.messages import Notice

_UNITS = ((86400, "д"), (3600, "ч"), (60, "мин"), (1, "с"))


def describe(notice: Notice) -> str:
    """Return a notice as one line. Without a target it is about an address or network, which stays secret."""
    by, target = notice.by, notice.target
    match notice.act:
        case "kick":
            text = f"{by} удаляет из чата: {target}"
        case "ban":
            time = "навсегда" if notice.seconds is None else f"на {duration(notice.seconds)}"
            text = f"{by} закрывает вход " + (f"{time}: {target}" if target else f"по адресу {time}")
        case "unban":
            text = f"{by} снова открывает вход" + (f": {target}" if target else " по адресу")
        case "mute":
            text = f"{by} запрещает писать на {duration(notice.seconds or 0)}: {target}"
        case "unmute":
            text = f"{by} снова разрешает писать: {target}"
        case "delete":
            text = f"{by} удаляет сообщение #{notice.id}"
        case "announce":
            return f"Объявление ({by}): {notice.text}"
    return f"{text}. Причина: {notice.text}" if notice.text else text


def duration(seconds: float) -> str:
    """Return a duration such as "1 ч 30 мин", rounded up to whole seconds, at least one."""
    left = max(1, -int(-seconds // 1))
    parts = []
    for size, word in _UNITS:
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {word}")
    return " ".join(parts)
