"""What the terminal client says, in Russian. Forms for numbers as `words` explains."""

from collections.abc import Mapping
from typing import Final

JOINED: Final = "{name} присоединился к чату!"
LEFT: Final = "{name} покинул чат."

RUSSIAN: Final[Mapping[str, str | tuple[str, ...]]] = {
    "joined": JOINED,
    "left": LEFT,
    "left_because_slow": "{name} покинул чат: связь не поспевала.",
    "left_because_kicked": "{name} больше не в чате: так решила модерация.",
    "left_because_banned": "{name} больше не в чате: вход закрыт.",
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
    "new_log": "Комната начала новую запись: прежние номера сообщений больше не действуют.",
    "missed": (
        "Здесь пропущено {count} сообщение: /history",
        "Здесь пропущено {count} сообщения: /history",
        "Здесь пропущено {count} сообщений: /history",
    ),
    "lost": "{reason}. Пробую снова; что напишете, отправлю, когда связь вернётся.",
    "unsent_text": "✗ не отправлено: {reason}",
    "unsent_hint": "(↑ — вернуть в строку ввода)",
    "too_long_here": "Слишком длинно: {length} знаков, можно не больше {limit}.",
    "history_title": "раньше",
    "history_end": "── дальше — сейчас ──",
    "history_empty": "Раньше ничего нет.",
    "show_title": "сообщение #{number}",
    "found": ("найдено {count} сообщение", "найдено {count} сообщения", "найдено {count} сообщений"),
    "found_more": "── есть и более ранние; дальше — сейчас ──",
    "nothing_found": "Ничего не найдено.",
    "words_wanted": "Что найти? Например: /search привет",
    "no_message": "Сообщения #{number} нет.",
    "not_online": "Сейчас нет связи с комнатой — попробуйте чуть позже.",
    "unknown_command": "Нет команды {typed}. Что есть: /help. Чтобы сказать это как есть, начните с //",
    "number_wanted": "Сколько сообщений показать? Например: /history 50",
    "message_number_wanted": "Номер какого сообщения? Например: /show 1043",
    "bar_connecting": "соединяюсь с {address}…",
    "bar_waiting": "снова через {seconds} с (Enter — сейчас) · {reason}",
    "bar_here": "{count} в комнате",
    "bar_unsent": "не отправлено: {count}",
    "bar_typing": ("{names} печатает…", "{names} печатают…"),
    "bar_many_typing": "несколько человек печатают…",
    "and": " и ",
    "more_pending": "  … и ещё {count}",
    "goodbye": "До встречи!",
    "ended_kicked": "Вас удалили из комнаты.",
    "ended_banned": "Вход в эту комнату вам закрыт.",
    "ended_banned_for": "Вход в эту комнату вам закрыт ещё на {time}.",
    "ended_password": "Слишком много неверных паролей. Попробуйте позже.",
    "ended_replaced": "Этот вход заменён другим: вы вошли с тем же сеансом в другом месте.",
    "left_unsent": (
        "Не отправлено {count} сообщение:",
        "Не отправлено {count} сообщения:",
        "Не отправлено {count} сообщений:",
    ),
    "pipe_unsent": "не отправлено: {count}",
    "pipe_name_needed": "имя нужно задать: --name ИМЯ или переменная ONEROOM_NAME",
    "pipe_name_refused": "имя не подошло: {reason}",
    "pipe_lost": "{reason}; пробую снова",
    "pipe_back": "снова на связи",
    "pipe_missed": (
        "пропущено {count} сообщение",
        "пропущено {count} сообщения",
        "пропущено {count} сообщений",
    ),
    "why_refused": "По адресу {address} никто не отвечает",
    "why_unknown_host": "Адрес {address} не найден",
    "why_timeout": "Адрес {address} молчит",
    "why_no_greeting": "Адрес {address} молчит (если там TLS, нужен --tls)",
    "why_not_a_room": "По адресу {address} отвечает не чат",
    "why_lost": "Связь прервалась",
    "why_shutdown": "Комната закрылась",
    "why_slow": "Связь не поспевала за разговором",
    "why_silent": "Связь пропала",
    "why_late": "Комната не дождалась имени",
    "why_full": "В комнате нет мест",
    "error_name_empty": "имя не может быть пустым",
    "error_name_too_long": "имя слишком длинное",
    "error_name_invalid": "в имени есть недопустимые знаки",
    "error_name_taken": "это имя уже занято",
    "error_too_long": "слишком длинно",
    "error_blank": "в сообщении ничего не видно",
    "error_unavailable": "комната сейчас не может сохранять сообщения",
    "error_too_fast": "слишком часто",
    "error_full": "в комнате нет мест",
    "try_another_name": "Не получилось: {reason}. Попробуйте другое.",
    "name_suggested": "Не получилось: {reason}. Свободно: {name} (Enter — взять).",
    "trouble": "Не получилось: {reason}.",
    "bad_address": "не похоже на адрес: {typed}",
    "bad_arguments": "не понимаю параметры: {detail}",
    "months": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "date": "{day} {month} {year}",
    "help": (
        "/who           кто здесь\n"
        "/history 50    показать, что было раньше\n"
        "/show 1043     показать сообщение #1043 и соседние\n"
        "/search слово  найти сообщения с этими словами\n"
        "/quit          выйти (или Ctrl-D)\n"
        "//слово        сказать «/слово»\n"
        "Enter отправляет, Alt+Enter начинает новую строку, ↑ возвращает написанное раньше."
    ),
    "usage": (
        "Использование: oneroom [АДРЕС[:ПОРТ]] [параметры]\n"
        "\n"
        "Комната в терминале. Без терминала — фильтр: строки из stdin говорит в комнату,\n"
        "сказанное другими пишет в stdout.\n"
        "\n"
        "  АДРЕС[:ПОРТ]   где комната (по умолчанию 127.0.0.1:8080)\n"
        "  --name ИМЯ     под каким именем войти (иначе ONEROOM_NAME, иначе спросит)\n"
        "  --password-file ФАЙЛ\n"
        "                 где пароль комнаты (иначе ONEROOM_PASSWORD, иначе спросит)\n"
        "  --tls          соединяться по TLS; сертификат проверяется, как в браузере\n"
        "  --tls-ca ФАЙЛ  …по этим сертификатам вместо системных (PEM)\n"
        "  --tls-pin SHA256\n"
        "                 …верить только сертификату с этим отпечатком\n"
        "  --lang ru|en   язык (по умолчанию — язык системы)\n"
        "  -h, --help     эта справка\n"
    ),
    "ask_password": "Пароль комнаты: ",
    "ask_moderator": "Пароль модератора: ",
    "password_required": "Сюда входят с паролем; на экране его не видно.",
    "password_wrong": "Пароль не подошёл. Попробуйте ещё раз.",
    "pipe_password_required": "нужен пароль: --password-file ФАЙЛ или переменная ONEROOM_PASSWORD",
    "pipe_password_wrong": "пароль комнаты не подошёл",
    "no_password_file": "не прочитать файл с паролем: {detail}",
    "bad_tls": "не подходит для TLS: {detail}",
    "why_not_tls": "По адресу {address} отвечают без TLS",
    "why_tls": "Не удалось договориться о TLS с {address}",
    "why_untrusted": "Сертификату {address} нет доверия (--tls-ca или --tls-pin скажут, какому верить)",
    "why_expired": "Сертификат {address} просрочен",
    "why_not_yet_valid": "Сертификат {address} ещё не действует — верны ли часы?",
    "why_wrong_host": "Сертификат выдан не для {address}",
    "why_wrong_pin": "По адресу {address} не тот сертификат, которому вы верите",
    "why_too_fast": "Слишком часто",
    "error_password_wrong": "пароль не подошёл",
    "error_muted": "сейчас вы не можете писать",
    "error_not_moderator": "это может только модератор",
    "error_not_found": "не нашлось — возможно, этого здесь уже нет",
    "error_bad_target": "это не имя и не адрес, или вход закрылся бы слишком многим",
    "again_in": "{reason} (можно снова через {time})",
    "seconds": "{count} с",
    "minutes": "{count} мин",
    "hours": "{count} ч",
    "days": "{count} д",
    "bar_throttled": "слишком часто: отправлю через {seconds} с",
    "bar_moderator": "модератор",
    "pipe_throttled": "слишком часто: комната принимает медленнее, ничего не потеряется",
    "deleted": "сообщение удалено",
    "notice_kick": "{by} удаляет из чата: {target}",
    "notice_ban": "{by} закрывает вход навсегда: {target}",
    "notice_ban_for": "{by} закрывает вход на {time}: {target}",
    "notice_unban": "{by} снова открывает вход: {target}",
    "notice_mute": "{by} запрещает писать: {target}",
    "notice_mute_for": "{by} запрещает писать на {time}: {target}",
    "notice_unmute": "{by} снова разрешает писать: {target}",
    "notice_delete": "{by} удаляет сообщение #{number}",
    "notice_announce": "Объявление ({by}): {text}",
    "some_address": "с одного адреса",
    "moderator": "Теперь вы модератор: /help — что вам можно.",
    "moderator_no_more": "Вы больше не модератор.",
    "whois": "{name}: {addresses}",
    "whois_nowhere": "{name}: сейчас ни одного подключения.",
    "no_bans": "Вход открыт всем.",
    "ban_until": "{target} · до {until} · {by}",
    "ban_for_good": "{target} · навсегда · {by}",
    "misuse_kick": "Кого удалить из чата? Например: /kick Боря: за рекламу",
    "misuse_ban": "Кому закрыть вход? Например: /ban Боря 2h: за рекламу; /ban 203.0.113.0/24 7d",
    "misuse_unban": "Кому открыть вход? Например: /unban Боря; кому он закрыт — /bans",
    "misuse_mute": "Кому запретить писать? Например: /mute Боря 10m: не по теме",
    "misuse_unmute": "Кому разрешить писать? Например: /unmute Боря",
    "misuse_delete": "Какое сообщение удалить? Например: /delete #1043",
    "misuse_announce": "Что объявить? Например: /announce В 18:00 комната закроется на час",
    "misuse_whois": "О ком узнать? Например: /whois Боря",
    "misuse_bans": "Просто /bans: кому закрыт вход",
    "help_moderator": "/moderator     стать модератором (спросит пароль)",
    "help_moderation": (
        "/kick Боря: причина           удалить из чата\n"
        "/ban Боря 2h: причина         закрыть вход: имя, адрес, сеть; 30m 2h 7d\n"
        "/unban Боря                   открыть вход; /bans — кому он закрыт\n"
        "/mute Боря 10m · /unmute Боря запретить писать, разрешить\n"
        "/delete #1043                 удалить сообщение\n"
        "/announce текст               объявить всем\n"
        "/whois Боря                   с какого адреса"
    ),
}
