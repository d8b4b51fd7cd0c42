"""The Russian texts of the server's own lines, for people at `nc`. {braces} are variable parts.

Each line begins with words of its own, so that names which begin like it can be reserved.
"""

from collections.abc import Iterator

from chat_protocol.contract import BANNED, FULL, PASSWORD_PROMPT, PROMPT

_NOT_UTF8 = "Не UTF-8 (not UTF-8), не отправлено. Выберите: /encoding cp1251 или /encoding cp866"

REFUSALS = {
    "name_empty": "Имя не может быть пустым.",
    "name_too_long": "Это имя слишком длинное.",
    "name_invalid": "В имени есть недопустимые знаки.",
    "name_taken": "Это имя уже занято.",
    "name_reserved": "Это слово самого чата, оно не может быть именем.",
    "name_not_utf8": _NOT_UTF8,
    "join_first": "Сначала назовите себя.",
}
"""Why a join is refused, by error code."""

PROMPTS_AFTER = {code: PROMPT.decode() for code in REFUSALS} | {"password_required": PASSWORD_PROMPT.decode()}
"""The prompt after a refused join, by error code. Without LF: the answer is typed on the same line."""

BEFORE_THE_PROMPT = {"full": FULL.decode(), "banned": BANNED.decode()}
"""Instead of the prompt, where the server lets nobody in."""

ERRORS = {
    "unknown_command": "Нет команды {text}. Список команд: /help",
    "bad_number": "После /history пишут число, например: /history 20",
    "not_utf8": _NOT_UTF8,
    "password_wrong": "Пароль не подошёл.",
    "bad_time": "Не понимаю время «{text}»: пишут 30s, 10m, 2h или 1d.",
    "banned": "Вход закрыт навсегда.",
    "muted": "Вы не можете писать.",
    "not_moderator": "Это может только модератор.",
    "is_moderator": "Это модератор: так нельзя.",
    "not_found": "Не нашлось: {text}",
    "no_message": "Сообщения #{text} нет.",
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
/show #номер — показать сообщение; номера — в /history
/encoding cp1251 — кодировка вашего терминала: utf-8, cp1251, cp866
/quit — выйти
//текст — сообщение, которое начинается с косой черты
"""

USAGE = {
    "encoding": "/encoding utf-8, cp1251 или cp866",
    "show": "/show #номер",
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
"""Usage of commands, by name. A time is 30s, 10m, 2h or 1d."""

MODERATORS_HELP = """\
/kick имя — удалить из чата
/ban имя 2h — закрыть вход, без времени — навсегда; вместо имени можно адрес или сеть
/unban имя — снова открыть вход
/mute имя 30m — запретить писать, без времени — 10 минут; /unmute имя — разрешить
/delete #номер — удалить сообщение
/announce текст — объявить от имени сервера
/whois имя — адреса; /bans — кому закрыт вход
Время пишут так: 30s, 10m, 2h, 1d. Причина: в конце после двоеточия.
"""

NOBODY_BANNED = "Вход никому не закрыт."
MORE_BANS = "Показаны только последние: их слишком много."
NO_HISTORY = "Сообщений пока нет."
DELETED = "(сообщение удалено)"
NOTHING_FOUND = "Ничего не найдено."
THROTTLED = "Вы пишете слишком часто: отправлю через {seconds} с."
MEMBERS = "Сейчас в чате ({count}): {names}"
WHOIS = "Адреса участника: {name} — {addresses}"
WHOIS_UNKNOWN = "Адреса участника: {name} — неизвестны"
BAN = "Вход закрыт: {target}, до {until}; модератор {by}"
BAN_FOR_GOOD = "Вход закрыт: {target}, навсегда; модератор {by}"
REASON = ". Причина: {text}"
NEW_MODERATOR = "Вы теперь модератор. Команды: /help"
NO_MODERATOR = "Вы больше не модератор."
MISUSE = "Пишут так: {usage}"
OUTPUT_CHANGED = "Кодировка теперь {charset}."
OTHER_ERROR = "Не получилось: {text}"
OTHER_BYE = "Вы отключены: {reason}"


def beginnings() -> Iterator[str]:
    """Yield the words before the first variable part of each line here."""
    for name, value in list(globals().items()):
        if name.isupper() and isinstance(value, str | dict):
            for text in value.values() if isinstance(value, dict) else [value]:
                for line in text.splitlines():
                    yield line.partition("{")[0]
