"""What people at a bare terminal read: the original's notices and the room's Russian."""

from collections.abc import Sequence
from datetime import datetime

from chat_protocol.contract import PROMPT
from chat_protocol.messages import Error, Event, Joined, Left, Message
from tcp_server.commands import LocalEvent

REFUSALS = {
    "name_empty": "Имя не может быть пустым.",
    "name_too_long": "Это имя слишком длинное.",
    "name_invalid": "В имени есть недопустимые символы.",
    "name_taken": "Это имя уже занято.",
    "join_first": "Сначала назовите себя.",
}
"""Why somebody is asked for the name again, by error code."""

ERRORS = {
    "unknown_command": "Нет такой команды. Список команд: /help",
    "bad_number": "После /history пишут число, например: /history 20",
    "unavailable": "Не получилось: сервер сейчас не может ничего сохранить или найти.",
    "too_fast": "Слишком часто, попробуйте чуть позже.",
}
"""What could not be done, by error code."""

BYES = {
    "shutdown": "Сервер остановлен. До встречи!",
    "left": "До встречи!",
    "slow": "Вы отключены: ваше соединение не успевает за беседой.",
    "late": "Время на ввод имени вышло.",
    "line_too_long": "Вы отключены: слишком длинная строка.",
}
"""Why the server ends a connection, by reason."""

HELP = """\
/who — кто в чате
/history [n] — последние сообщения
/search слова — найти сообщения
/quit — выйти
//текст — сообщение, которое начинается с косой черты
"""

NO_HISTORY = "Сообщений пока нет."
NOTHING_FOUND = "Ничего не найдено."


def notice(event: Event | LocalEvent) -> str:
    """Return what the original would send for an event, unterminated; empty if it had no words for it."""
    match event:
        case Message(name=name, text=text):
            return f"{name}: {text}"
        case Joined(name=name):
            return f"{name} присоединился к чату!"
        case Left(name=name):
            return f"{name} покинул чат."
        case Error(code=code) if code in REFUSALS:
            return f"{REFUSALS[code]}\n{PROMPT.decode()}"
    return ""


def members(names: Sequence[str]) -> str:
    """Return who is here, in one line."""
    return f"Сейчас в чате ({len(names)}): {', '.join(names)}"


def remembered(message: Message) -> str:
    """Return a message out of the history, in the server's own time zone."""
    at = datetime.fromisoformat(message.at).astimezone()
    text = message.text.replace("\n", "\n    ")
    return f"#{message.id} {at:%d.%m %H:%M} {message.name}: {text}"
