"""What moderators do, as the room itself tells it: one honest line in Russian."""

from chat_protocol.messages import Notice

_UNITS = ((86400, "д"), (3600, "ч"), (60, "мин"), (1, "с"))


def tell(notice: Notice, place: str = "") -> str:
    """Put a notice into words; `place` stands for an address or a network, which are not told."""
    by, whom = notice.by, notice.target
    match notice.act:
        case "kick":
            told = f"{by} удаляет из чата: {whom}"
        case "ban":
            told = f"{by} закрывает вход{_dative(whom, place)}"
            if notice.seconds is not None:
                told += f", на {duration(notice.seconds)}"
        case "unban":
            told = f"{by} снова открывает вход{_dative(whom, place)}"
        case "mute":
            told = f"{by}: {whom} не может писать {duration(notice.seconds or 0)}"
        case "unmute":
            told = f"{by}: {whom} снова может писать"
        case "delete":
            told = f"{by} удаляет сообщение #{notice.id}"
        case "announce":
            return f"{by} объявляет: {notice.text}"
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


def _dative(whom: str, place: str) -> str:
    # A name is not declined: nobody knows how.
    return f" {place}" if place else f": {whom}"
