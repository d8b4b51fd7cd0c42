"""The Russian texts. Forms for numbers: see `translations`."""

from collections.abc import Mapping
from typing import Final

RUSSIAN: Final[Mapping[str, str | tuple[str, ...]]] = {
    "joined": "{name} теперь здесь",
    "left": "{name} больше не в чате",
    "left_because_slow": "{name} больше не в чате: слишком медленная связь",
    "ask_name": "Ваше имя: ",
    "greeting": "Oneroom · {address} · /help — что здесь можно",
    "entered": "Вы вошли как {name}.",
    "alone": "Пока здесь только вы.",
    "here": (
        "Здесь {count} человек: {names}",
        "Здесь {count} человека: {names}",
        "Здесь {count} человек: {names}",
    ),
    "back": "Снова на связи.",
    "unread": "непрочитанное",
    "forgotten": "Забыто: в следующий раз вы войдёте как новый человек.",
    "not_kept": "Кто вы и что прочли, не запоминается: {path}: {reason}",
    "file_damaged": "файл повреждён",
    "new_log": "Чат начал новую историю: прежние номера сообщений больше не действуют.",
    "missed": (
        "Пропущено {count} сообщение; показать: /history",
        "Пропущено {count} сообщения; показать: /history",
        "Пропущено {count} сообщений; показать: /history",
    ),
    "connection_lost": "{reason}. Пробую снова; что напишете, отправлю, когда связь вернётся.",
    "not_sent": "✗ Не отправлено. {reason}",
    "not_sent_hint": "(↑ — вернуть в строку ввода)",
    "too_long_here": "Слишком длинно: {length} знаков, можно не больше {limit}.",
    "history_title": "раньше",
    "history_end": "── сейчас ──",
    "history_empty": "Более ранних сообщений нет.",
    "show_title": "сообщение #{number}",
    "found": ("{query}: {count} сообщение", "{query}: {count} сообщения", "{query}: {count} сообщений"),
    "found_more": "── есть и более ранние · сейчас ──",
    "nothing_found": "Не нашлось: {query}",
    "usage_search": "Что найти? Например: /search привет",
    "no_message": "Сообщения #{number} нет.",
    "not_online": "Сейчас нет связи с чатом — попробуйте чуть позже.",
    "usage_unknown_command": "Нет команды {typed}; см. /help. Чтобы отправить это сообщением, начните с //",
    "usage_history": "Сколько сообщений показать? Например: /history 50",
    "usage_show": "Номер какого сообщения? Например: /show 1043",
    "bar_connecting": "соединяюсь с {address}…",
    "bar_waiting": "снова через {seconds} с (Enter — сейчас) · {reason}",
    "bar_here": "{count} в чате",
    "bar_unsent": "ещё не отправлено: {count}",
    "bar_typing": ("{names} печатает…", "{names} печатают…"),
    "bar_many_typing": "несколько человек печатают…",
    "and": " и ",
    "leave_again": "ещё раз {keys} — выйти",
    "search": "поиск «{query}»: ",
    "search_failed": "не нашлось «{query}»: ",
    "more_unsent": "  … и ещё {count}",
    "goodbye": "До встречи!",
    "ended_kicked": "Вас удалили из чата.",
    "ended_banned": "Вход закрыт навсегда.",
    "ended_banned_for": "Вход закрыт ещё на {time}.",
    "ended_address_banned": "Вход закрыт.",
    "ended_password": "Слишком много неверных паролей. Попробуйте позже.",
    "ended_replaced": "Вы подключились с тем же сеансом в другом месте, поэтому это соединение закрыто.",
    "left_unsent": (
        "Не отправлено {count} сообщение:",
        "Не отправлено {count} сообщения:",
        "Не отправлено {count} сообщений:",
    ),
    "left_draft": "Это не отправлено:",
    "pipe_unsent": "не отправлено: {count}",
    "pipe_name_needed": "имя нужно задать: --name ИМЯ или переменная ONEROOM_NAME",
    "pipe_lost": "{reason}; пробую снова",
    "pipe_back": "снова на связи",
    "pipe_similar": "имя в чате: {name}",
    "pipe_timeout": "время, заданное --timeout, истекло",
    "pipe_undecodable": "строка {number} не в UTF-8 и не отправлена; попробуйте: iconv -f cp1251 -t utf-8",
    "pipe_unwritable": "не могу записать вывод: {reason}",
    "pipe_missed": (
        "пропущено {count} сообщение",
        "пропущено {count} сообщения",
        "пропущено {count} сообщений",
    ),
    "lost_refused": "По адресу {address} чат не запущен",
    "lost_unknown_host": "Адрес {address} не найден",
    "lost_timeout": "{address} не отвечает",
    "lost_no_prompt": "{address} не отвечает (если нужен TLS: --tls)",
    "lost_not_a_room": "По адресу {address} отвечает не чат",
    "lost_lost": "Связь прервалась",
    "lost_shutdown": "Чат закрылся",
    "lost_slow": "Связь слишком медленная",
    "lost_silent": "Связь пропала",
    "lost_late": "Чат не дождался имени",
    "lost_name_taken": "Это имя уже занято (--or-similar — взять похожее)",
    "lost_full": "В чате нет мест",
    "error_name_empty": "Имя не может быть пустым.",
    "error_name_too_long": "Имя слишком длинное.",
    "error_name_invalid": "В имени есть недопустимые знаки.",
    "error_name_taken": "Это имя уже занято.",
    "error_name_reserved": "Это слово самого чата, оно не может быть именем.",
    "error_too_long": "Слишком длинно.",
    "error_blank": "Сообщение пустое.",
    "error_unavailable": "Чат сейчас не может ничего сохранить или найти.",
    "error_too_fast": "Слишком часто.",
    "error_too_fast_for": "Слишком часто. Подождите {time}.",
    "error_full": "В чате нет мест.",
    "try_another_name": "{reason} Попробуйте другое.",
    "name_suggested": "{reason} Свободно: {name} (Enter — взять).",
    "error_unknown": "Не получилось: {detail}",
    "bad_address": "не похоже на адрес: {typed}",
    "bad_url": "{typed} — адрес страницы; у чата свой, обычно: {instead}",
    "bad_arguments": "не понимаю параметры: {detail}",
    "months": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "date": "{day} {month} {year}",
    "help": (
        "/who           кто здесь\n"
        "/history 50    показать более ранние сообщения\n"
        "/show 1043     показать сообщение #1043 и соседние\n"
        "/search слово  найти сообщения с этими словами\n"
        "/quit          выйти (или Ctrl-D)\n"
        "/forget        не запоминать вас до следующего раза\n"
        "//слово        отправить «/слово»\n"
        "Enter отправляет, Alt+Enter начинает новую строку, ↑ возвращает написанное раньше,\n"
        "Ctrl-R ищет в нём.\n"
        "**жирно**, *курсив*, ~~зачёркнуто~~, `код`, ``` над строками кода и под ними, > цитата,\n"
        "- список, [слова](https://…). oneroom --as-typed показывает сами знаки."
    ),
    "usage": "Использование: ",
    "shell_program": (
        "oneroom [АДРЕС[:ПОРТ]] [параметры]\n"
        "       oneroom say|history|search|who [параметры]   (подробнее: oneroom say --help)"
    ),
    "shell_say": "oneroom say [параметры] [ТЕКСТ ...]",
    "shell_history": "oneroom history [параметры]",
    "shell_search": "oneroom search [параметры] СЛОВО ...",
    "shell_who": "oneroom who [параметры]",
    "about_program": (
        "Чат в терминале. В конвейере — фильтр: строки из stdin отправляет в чат,\n"
        "сообщения других пишет в stdout. Скрипт, у которого ввод кончается сразу\n"
        "и в нём не больше 100 строк, входит незаметно и сообщений не получает."
    ),
    "about_say": (
        "Говорит текст или весь stdin одним сообщением и заканчивает, когда чат его сохранил.\n"
        "О входе и выходе никому не сообщается."
    ),
    "about_history": (
        "Показывает последние сообщения, сначала старые.\nО входе и выходе никому не сообщается."
    ),
    "about_search": (
        "Показывает последние сообщения, где есть слова, которые начинаются с каждого СЛОВА,\n"
        "сначала старые. О входе и выходе никому не сообщается."
    ),
    "about_who": (
        "Показывает, кто в чате, по имени в строке; если людей очень много — только первых.\n"
        "О входе и выходе никому не сообщается."
    ),
    "options": "параметры",
    "metavar_address": "АДРЕС[:ПОРТ]",
    "metavar_name": "ИМЯ",
    "metavar_file": "ФАЙЛ",
    "metavar_seconds": "СЕКУНДЫ",
    "metavar_text": "ТЕКСТ",
    "metavar_word": "СЛОВО",
    "option_address": "где чат (по умолчанию 127.0.0.1:8080)",
    "option_text": "что сказать; без текста читается весь stdin",
    "option_words": "что искать",
    "option_limit": "не больше стольких сообщений (по умолчанию %(default)s)",
    "option_before": "сообщения до номера N",
    "option_json": "писать каждое событие строкой JSON, как его присылает чат",
    "option_name": (
        "под каким именем войти (иначе ONEROOM_NAME, иначе последнее в этом чате, иначе спросит)"
    ),
    "option_password": "пароль чата (иначе ONEROOM_PASSWORD, иначе спросит)",
    "option_ipv4": "только адреса IPv4",
    "option_ipv6": "только адреса IPv6",
    "option_tls": "соединяться по TLS; сертификат проверяется, как в браузере",
    "option_tls_ca": "доверять этим сертификатам (PEM) вместо системных",
    "option_tls_pin": "доверять только сертификату с этим отпечатком",
    "option_as_typed": "показывать тексты со знаками их оформления: **жирно**, `код`",
    "option_follow": "только писать сообщения других в stdout, stdin не читать",
    "option_timeout": (
        "закончить через столько секунд (иначе чат, который не отвечает, ждать 10 с после конца stdin)"
    ),
    "option_timeout_of_commands": "ждать не дольше стольких секунд (по умолчанию 10)",
    "option_or_similar": (
        "если имя занято, войти под похожим; без этого параметра занятое имя пробуется ещё полминуты"
    ),
    "option_lang": "язык (по умолчанию — язык системы)",
    "option_version": "показать версию",
    "option_help": "показать эту справку",
    "exit_codes": (
        "Коды выхода: 0 — всё отправлено; 1 — отправлено не всё, вывод нельзя записать,\n"
        "чат недоступен или прекратил разговор; 2 — неверные параметры, а в конвейере\n"
        "и имя или пароль, которые чат не принял."
    ),
    "exit_codes_of_commands": (
        "Коды выхода: 0 — сделано; 1 — чат отказал, недоступен или не ответил вовремя,\n"
        "или вывод нельзя записать; 2 — неверные параметры, имя или пароль, которые чат\n"
        "не принял; 3 — ничего не найдено."
    ),
    "ask_password": "Пароль чата: ",
    "ask_moderator": "Пароль модератора: ",
    "ask_moderator_again": "Пароль не подошёл. Ещё раз (пустой ввод — отмена): ",
    "cancelled": "Отменено.",
    "already_moderator": "Вы уже модератор.",
    "no_moderators": "В этом чате нет модераторов.",
    "password_required": "Сюда входят с паролем; на экране его не видно.",
    "password_wrong": "Пароль не подошёл.",
    "pipe_password_required": "нужен пароль: --password-file ФАЙЛ или переменная ONEROOM_PASSWORD",
    "pipe_password_wrong": "Пароль не подошёл.",
    "bad_file": "{option} {path}: {reason}",
    "file_missing": "нет такого файла",
    "file_forbidden": "нет доступа",
    "file_no_text": "это не текст в UTF-8",
    "file_no_certificates": "там нет сертификатов",
    "file_other": "файл не прочитать",
    "bad_pin": "--tls-pin: это не отпечаток SHA-256",
    "lost_not_tls": "Сервер {address} отвечает без TLS",
    "lost_tls": "TLS с {address} не получился",
    "lost_untrusted": "Сертификату {address} нет доверия: укажите --tls-ca или --tls-pin",
    "lost_expired": "Сертификат {address} просрочен",
    "lost_not_yet_valid": "Сертификат {address} ещё не действует — верны ли часы?",
    "lost_wrong_host": "Сертификат выдан не для {address}",
    "lost_wrong_pin": "По адресу {address} не тот сертификат, которому вы верите",
    "lost_too_fast": "Слишком часто",
    "error_password_wrong": "Пароль не подошёл.",
    "error_muted": "Сейчас вы не можете писать.",
    "error_muted_for": "Вы не можете писать ещё {time}.",
    "error_not_moderator": "Это может только модератор.",
    "error_is_moderator": "Это модератор: так нельзя.",
    "error_too_many": "Так вход закрылся бы слишком многим.",
    "error_not_found": "Не нашлось: {detail}",
    "error_bad_target": "Это не имя и не адрес.",
    "request_failed": "{command} — {reason}",
    "seconds": "{count} с",
    "minutes": "{count} мин",
    "hours": "{count} ч",
    "days": "{count} д",
    "bar_throttled": "слишком часто: отправлю через {seconds} с",
    "bar_wait": "Подождите {seconds} с",
    "bar_moderator": "модератор",
    "pipe_throttled": "слишком часто: чат принимает медленнее, ничего не потеряется",
    "pipe_wait": "подождите {time}",
    "deleted": "сообщение удалено",
    "notice_kick": "{by} удаляет из чата: {target}",
    "notice_ban": "{by} закрывает вход навсегда: {target}",
    "notice_ban_for": "{by} закрывает вход на {time}: {target}",
    "notice_ban_address": "{by} закрывает вход по адресу навсегда",
    "notice_ban_address_for": "{by} закрывает вход по адресу на {time}",
    "notice_unban": "{by} снова открывает вход: {target}",
    "notice_unban_address": "{by} снова открывает вход по адресу",
    "notice_mute": "{by} запрещает писать: {target}",
    "notice_mute_for": "{by} запрещает писать на {time}: {target}",
    "notice_unmute": "{by} снова разрешает писать: {target}",
    "notice_delete": "{by} удаляет сообщение #{number}",
    "notice_announce": "Объявление ({by}): {text}",
    "with_reason": "{text}. Причина: {reason}",
    "moderator": "Вы теперь модератор. Что вам можно: /help",
    "moderator_no_more": "Вы больше не модератор.",
    "whois": "{name}: {addresses}",
    "whois_nowhere": "{name}: сейчас ни одного подключения.",
    "more_bans": "Показаны только последние: их слишком много.",
    "no_bans": "Вход никому не закрыт.",
    "ban_until": "{target} · до {until} · {by}",
    "ban_for_good": "{target} · навсегда · {by}",
    "usage_kick": "Кого удалить из чата? Например: /kick Боря: за рекламу",
    "usage_ban": "Кому закрыть вход? Например: /ban Боря 2h: за рекламу; /ban 203.0.113.0/24 7d",
    "usage_unban": "Кому открыть вход? Например: /unban Боря; кому он закрыт — /bans",
    "usage_mute": "Кому запретить писать? Например: /mute Боря 10m: не по теме",
    "usage_unmute": "Кому разрешить писать? Например: /unmute Боря",
    "usage_delete": "Какое сообщение удалить? Например: /delete #1043",
    "usage_announce": "Что объявить? Например: /announce В 18:00 чат закроется на час",
    "usage_whois": "О ком узнать? Например: /whois Боря",
    "usage_bans": "Просто /bans: кому закрыт вход",
    "usage_bad_time": "Не понимаю время «{typed}»: пишут 30s, 10m, 2h или 1d.",
    "help_moderator": "/moderator     стать модератором (спросит пароль)",
    "help_moderation": (
        "/kick Боря: причина    удалить из чата\n"
        "/ban Боря 2h: причина  закрыть вход имени, адресу или сети; без времени — навсегда\n"
        "/unban Боря            снова открыть вход; кому он закрыт — /bans\n"
        "/mute Боря 30m         запретить писать; без времени — 10 минут\n"
        "/unmute Боря           снова разрешить писать\n"
        "/delete #1043          удалить сообщение\n"
        "/announce текст        объявить всем\n"
        "/whois Боря            с какого адреса\n"
        "Время: 30s, 10m, 2h или 1d."
    ),
}
