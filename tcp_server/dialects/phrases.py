"""The Russian texts of the plain and lines dialects."""

import math
from datetime import datetime

from chat_protocol.contract import HAS_JOINED, HAS_LEFT, PASSWORD_PROMPT, PROMPT, SAYS
from chat_protocol.messages import BanEntry, Bans, Error, Event, Joined, Left, Message, Role, Whois
from tcp_server.room.commands import LocalEvent, MemberList
from tcp_server.room.russian import duration

REFUSALS = {
    "name_empty": "Имя не может быть пустым.",
    "name_too_long": "Это имя слишком длинное.",
    "name_invalid": "В имени есть недопустимые знаки.",
    "name_taken": "Это имя уже занято.",
    "name_reserved": "Это слово самого чата, оно не может быть именем.",
    "join_first": "Сначала назовите себя.",
}
"""Why a join is refused, by error code."""

PROMPTS_AFTER = {code: PROMPT.decode() for code in REFUSALS} | {"password_required": PASSWORD_PROMPT.decode()}
"""The prompt after a refused join, by error code. Without LF: the answer is typed on the same line."""

ERRORS = {
    "unknown_command": "Нет команды {text}. Список команд: /help",
    "bad_number": "После /history пишут число, например: /history 20",
    "password_wrong": "Пароль не подошёл.",
    "bad_time": "Не понимаю время «{text}»: пишут 30s, 10m, 2h или 1d.",
    "banned": "Вход закрыт навсегда.",
    "muted": "Вы не можете писать.",
    "not_moderator": "Это может только модератор.",
    "is_moderator": "Это модератор: так нельзя.",
    "not_found": "Не нашлось: {text}",
    "bad_target": "Это не имя и не адрес.",
    "too_many": "Так вход закрылся бы слишком многим.",
    "blank": "Нечего отправить.",
    "too_long": "Слишком длинный текст.",
    "unavailable": "Не получилось: сервер сейчас не может ничего сохранить или найти.",
    "too_fast": "Слишком часто. Подождите немного.",
}
"""Error texts, by error code."""

ERRORS_WITH_TIME = {
    "banned": "Вход закрыт ещё на {time}.",
    "muted": "Вы не можете писать ещё {time}.",
    "too_fast": "Слишком часто. Подождите {time}.",
}
"""Error texts with the time that is left, by error code."""

BYE_REASONS = {
    "shutdown": "Сервер остановлен. До встречи!",
    "left": "До встречи!",
    "slow": "Вы отключены: ваше соединение не успевает за беседой.",
    "late": "Время на ввод имени вышло.",
    "line_too_long": "Вы отключены: слишком длинная строка.",
    "full": "Сейчас слишком много подключений, попробуйте позже.",
    "banned": "Вход закрыт.",
    "kicked": "Вас удалили из чата.",
    "password": "Вы отключены: слишком много неверных паролей.",
}
"""Why the server closes a connection, by `bye` reason."""

HELP = """\
/who — кто в чате
/history [n] — последние сообщения
/search слова — найти сообщения
/quit — выйти
//текст — сообщение, которое начинается с косой черты
"""

USAGE = {
    "moderator": "/moderator ПАРОЛЬ",
    "kick": "/kick имя[: причина]",
    "ban": "/ban имя, адрес или сеть [время][: причина]",
    "unban": "/unban имя, адрес или сеть",
    "mute": "/mute имя [время][: причина]",
    "unmute": "/unmute имя",
    "delete": "/delete #номер[: причина]",
    "announce": "/announce текст",
    "whois": "/whois имя",
    "bans": "/bans",
}
"""Usage of moderators' commands, by name. A time is 30s, 10m, 2h or 1d."""

MODERATORS_HELP = """\
/kick имя — удалить из чата
/ban имя 2h — закрыть вход, без времени — навсегда; вместо имени можно адрес или сеть
/unban имя — снова открыть вход
/mute имя 30m — запретить писать, без времени — 10 минут; /unmute имя — разрешить
/delete #номер — удалить сообщение; номера сообщений — в /history
/announce текст — объявить от имени сервера
/whois имя — адреса; /bans — кому закрыт вход
Время: 30s, 10m, 2h, 1d. Причина: в конце после двоеточия.
"""

NOBODY_BANNED = "Вход никому не закрыт."
NO_HISTORY = "Сообщений пока нет."
DELETED = "(сообщение удалено)"
NOTHING_FOUND = "Ничего не найдено."


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
        case Error(code=code) if code in PROMPTS_AFTER:
            return join_refusal(event)
    return ""


def join_refusal(refusal: Error) -> str:
    """Return why a join is refused, and the next prompt."""
    reason = REFUSALS.get(refusal.code, "")
    if refusal.suggestion:
        reason += f" Свободно, например: {refusal.suggestion}"
    return (f"{reason}\n" if reason else "") + PROMPTS_AFTER[refusal.code]


def error(refusal: Error) -> str:
    """Return the text of an error, with the time that is left."""
    if refusal.code == "misuse":
        return f"Пишут так: {USAGE.get(refusal.text, refusal.text)}"
    if refusal.retry_after is not None and refusal.code in ERRORS_WITH_TIME:
        return ERRORS_WITH_TIME[refusal.code].format(time=duration(refusal.retry_after))
    return ERRORS.get(refusal.code, "{text}").format(text=refusal.text)


def answer(event: MemberList | Whois | Bans | Role) -> str:
    """Return the answer to a command, without the last LF."""
    match event:
        case MemberList(names=names):
            return f"Сейчас в чате ({len(names)}): {', '.join(names)}"
        case Whois(name=name, addresses=addresses):
            return f"{name}: {', '.join(addresses) or 'адрес неизвестен'}"
        case Bans(bans=bans):
            return "\n".join(map(_ban, bans)) or NOBODY_BANNED
        case Role(moderator=moderator):
            return "Вы теперь модератор. Команды: /help" if moderator else "Вы больше не модератор."


def _ban(entry: BanEntry) -> str:
    until = f"до {local_time(entry.until):%d.%m %H:%M}" if entry.until else "навсегда"
    reason = f". Причина: {entry.text}" if entry.text else ""
    return f"{entry.target}: {until}; модератор {entry.by}{reason}"


def throttled(seconds: float) -> str:
    """Return the text for a client whose messages are delayed by that many seconds."""
    return f"Вы пишете слишком часто: отправлю через {math.ceil(seconds)} с."


def shown_text(message: Message) -> str:
    """Return the text of a stored message, or a note that it was deleted."""
    return DELETED if message.deleted else message.text


def history_line(message: Message) -> str:
    """Return a stored message as one history line, in the server's time zone."""
    text = shown_text(message).replace("\n", "\n    ")
    return f"#{message.id} {local_time(message.at):%d.%m %H:%M} {message.name}: {text}"


def local_time(at: str) -> datetime:
    """Return a timestamp of the wire in the server's time zone."""
    return datetime.fromisoformat(at).astimezone()
