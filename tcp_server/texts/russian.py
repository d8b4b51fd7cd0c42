"""The Russian texts, which each client is sent at first."""

from typing import Final

from chat_protocol.contract import PASSWORD_PROMPT, SYSTEM_NAME
from tcp_server.texts.texts import Texts

_NOT_UTF8 = "Не UTF-8 (not UTF-8), не отправлено. Выберите: /encoding cp1251 или /encoding cp866"

RUSSIAN: Final = Texts(
    system_name=SYSTEM_NAME,
    units=((86400, "д"), (3600, "ч"), (60, "мин"), (1, "с")),
    time_format="%d.%m %H:%M",
    refusals={
        "name_empty": "Имя не может быть пустым.",
        "name_too_long": "Это имя слишком длинное.",
        "name_invalid": "В имени есть недопустимые знаки.",
        "name_taken": "Это имя уже занято.",
        "name_reserved": "Это слово самого чата, оно не может быть именем.",
        "name_not_utf8": _NOT_UTF8,
        "join_first": "Сначала назовите себя.",
    },
    suggestion=" Свободно, например: {name}",
    password_prompt=PASSWORD_PROMPT.decode(),
    errors={
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
    },
    errors_with_time={
        "banned": "Вход закрыт ещё на {time}.",
        "muted": "Вы не можете писать ещё {time}.",
        "too_fast": "Слишком часто. Подождите {time}.",
    },
    other_error="Не получилось: {text}",
    bye_reasons={
        "shutdown": "Сервер остановлен. До встречи!",
        "left": "До встречи!",
        "slow": "Вы отключены: ваше соединение не успевает за беседой.",
        "late": "Время на ввод имени вышло.",
        "line_too_long": "Вы отключены: слишком длинная строка.",
        "full": "Сейчас слишком много подключений, попробуйте позже.",
        "banned": "Вход закрыт.",
        "kicked": "Вас удалили из чата.",
        "password": "Вы отключены: слишком много неверных паролей.",
    },
    other_bye="Вы отключены: {reason}",
    help="""\
/who — кто в чате
/history [n] — последние сообщения
/search слова — найти сообщения
/show #номер — показать сообщение; номера — в /history
/lang en — English
/encoding cp1251 — кодировка вашего терминала: utf-8, cp1251, cp866
/quit — выйти
//текст — сообщение, которое начинается с косой черты
""",
    moderators_help="""\
/kick имя — удалить из чата
/ban имя 2h — закрыть вход, без времени — навсегда; вместо имени можно адрес или сеть
/unban имя — снова открыть вход
/mute имя 30m — запретить писать, без времени — 10 минут; /unmute имя — разрешить
/delete #номер — удалить сообщение
/announce текст — объявить от имени сервера
/whois имя — адреса; /bans — кому закрыт вход
Время пишут так: 30s, 10m, 2h, 1d. Причина: в конце после двоеточия.
""",
    usage={
        "encoding": "/encoding utf-8, cp1251 или cp866",
        "lang": "/lang ru (по-русски), /lang en (in English)",
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
    },
    misuse="Пишут так: {usage}",
    notices={
        "kick": "{by} удаляет из чата: {target}",
        "ban": "{by} закрывает вход на {time}: {target}",
        "ban_for_good": "{by} закрывает вход навсегда: {target}",
        "ban_address": "{by} закрывает вход по адресу на {time}",
        "ban_address_for_good": "{by} закрывает вход по адресу навсегда",
        "unban": "{by} снова открывает вход: {target}",
        "unban_address": "{by} снова открывает вход по адресу",
        "mute": "{by} запрещает писать на {time}: {target}",
        "unmute": "{by} снова разрешает писать: {target}",
        "delete": "{by} удаляет сообщение #{id}",
        "announce": "Объявление ({by}): {text}",
    },
    reason=". Причина: {text}",
    greeting="Здесь сейчас: {names} · команды: /help · English: /lang en",
    greeting_alone="Кроме вас здесь пока никого · команды: /help · English: /lang en",
    members="Сейчас в чате ({count}): {names}",
    and_more=" и ещё {count}",
    whois="Адреса участника: {name} — {addresses}",
    whois_unknown="Адреса участника: {name} — неизвестны",
    ban="Вход закрыт: {target}, до {until}; модератор {by}",
    ban_for_good="Вход закрыт: {target}, навсегда; модератор {by}",
    nobody_banned="Вход никому не закрыт.",
    more_bans="Показаны только последние: их слишком много.",
    no_history="Сообщений пока нет.",
    nothing_found="Ничего не найдено.",
    deleted="(сообщение удалено)",
    throttled="Вы пишете слишком часто: отправлю через {seconds} с.",
    new_moderator="Вы теперь модератор. Команды: /help",
    no_moderator="Вы больше не модератор.",
    encoding_changed="Кодировка теперь {charset}.",
    language_changed="Язык теперь русский.",
)
